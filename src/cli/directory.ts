import { type Command, Option } from 'commander';
import {
  addCommand,
  addressArgument,
  bytesArgument,
  countArgument,
  type DataOption,
  dataOf,
  domainArgument,
  type JsonOption,
  print,
  show,
  withJson,
} from './command.ts';
import { readPassword } from './password.ts';
import { domainsText, mailboxesText, mailboxText, quotaText } from './show.ts';
import { count } from './text.ts';
import { performVerb } from './verb.ts';

interface PasswordOptions extends DataOption {
  readonly password?: string;
  readonly passwordStdin?: boolean;
}

export function addDomainCommands(group: Command): void {
  addCommand(group, 'add', 'DOMAIN', 'add a domain')
    .argument('<domain>', 'like example.com', domainArgument)
    .action(async (domain: string, options: DataOption) => {
      const dataDir = dataOf(options);
      const { added } = await performVerb({ dataDir, verb: 'domain add', args: { domain } });
      print(added ? `added ${domain}` : `${domain} was there already`);
    });
  withJson(addCommand(group, 'list', '[--json]', 'list the domains')).action(
    async (options: JsonOption) => {
      const dataDir = dataOf(options);
      const { domains } = await performVerb({ dataDir, verb: 'domain list', args: {} });
      show(options, domains, () => domainsText(domains));
    },
  );
  addCommand(group, 'remove', 'DOMAIN', 'remove a domain in which no address is left')
    .argument('<domain>', 'like example.com', domainArgument)
    .action(async (domain: string, options: DataOption) => {
      const dataDir = dataOf(options);
      await performVerb({ dataDir, verb: 'domain remove', args: { domain } });
      print(`removed ${domain}`);
    });
}

export function addMailboxCommands(group: Command): void {
  withPassword(addCommand(group, 'add', `ADDRESS ${PASSWORD_USAGE}`, 'add a mailbox'))
    .argument('<address>', 'like alice@example.com', addressArgument)
    .action(async (address: string, options: PasswordOptions) => {
      const dataDir = dataOf(options);
      const args = { address, password: await passwordOf(options) };
      const added = await performVerb({ dataDir, verb: 'mailbox add', args });
      print(`added ${added.address}`);
      printPassword(added.generatedPassword);
    });
  withJson(addCommand(group, 'list', '[--json]', 'list the mailboxes')).action(
    async (options: JsonOption) => {
      const dataDir = dataOf(options);
      const { mailboxes } = await performVerb({ dataDir, verb: 'mailbox list', args: {} });
      show(options, mailboxes, () => mailboxesText(mailboxes));
    },
  );
  withJson(addCommand(group, 'show', 'ADDRESS [--json]', 'show a mailbox with its folders'))
    .argument('<address>', 'any address of the mailbox', addressArgument)
    .action(async (address: string, options: JsonOption) => {
      const dataDir = dataOf(options);
      const mailbox = await performVerb({ dataDir, verb: 'mailbox show', args: { address } });
      show(options, mailbox, () => mailboxText(mailbox));
    });
  addCommand(group, 'remove', 'ADDRESS', 'remove a mailbox with everything in it')
    .argument('<address>', 'any address of the mailbox', addressArgument)
    .action(async (address: string, options: DataOption) => {
      const dataDir = dataOf(options);
      const removed = await performVerb({ dataDir, verb: 'mailbox remove', args: { address } });
      print(`removed ${removed.address} with ${count(removed.messages, 'message')}`);
    });
  withPassword(
    addCommand(group, 'set-password', `ADDRESS ${PASSWORD_USAGE}`, "set a mailbox's password"),
  )
    .argument('<address>', 'any address of the mailbox', addressArgument)
    .action(async (address: string, options: PasswordOptions) => {
      const dataDir = dataOf(options);
      const args = { address, password: await passwordOf(options) };
      const changed = await performVerb({ dataDir, verb: 'mailbox set-password', args });
      print(`set the password of ${changed.address}`);
      printPassword(changed.generatedPassword);
    });
  addQuotaCommand(group);
}

interface QuotaOptions extends DataOption {
  readonly bytes?: number | 'none';
  readonly messages?: number | 'none';
}

/** What the verb is told: null takes a limit away. */
function limitOf(given: number | 'none' | undefined): number | null | undefined {
  return given === 'none' ? null : given;
}

function addQuotaCommand(group: Command): void {
  const usage = 'ADDRESS [--bytes N|none] [--messages N|none]';
  addCommand(group, 'set-quota', usage, 'limit what a mailbox may hold; what is not named stays')
    .argument('<address>', 'any address of the mailbox', addressArgument)
    .option('--bytes <limit>', 'octets of all its messages: 500000, 1.5GB, or none', bytesArgument)
    .option('--messages <limit>', 'how many messages, or none', countArgument)
    .action(async (address: string, { bytes, messages, ...options }: QuotaOptions) => {
      const dataDir = dataOf(options);
      const args = { address, bytes: limitOf(bytes), messages: limitOf(messages) };
      const mailbox = await performVerb({ dataDir, verb: 'mailbox set-quota', args });
      print(`quota of ${mailbox.address}: ${quotaText(mailbox)}`);
    });
}

const PASSWORD_USAGE = '[--password P|--password-stdin]';

function withPassword(command: Command): Command {
  return command
    .option('--password <password>', 'the password; without one it is generated and shown once')
    .addOption(
      new Option('--password-stdin', 'read the password from the first line of stdin').conflicts(
        'password',
      ),
    );
}

async function passwordOf(options: PasswordOptions): Promise<string | undefined> {
  return options.passwordStdin === true ? await readPassword() : options.password;
}

function printPassword(generated: string | undefined): void {
  if (generated !== undefined) print(`password: ${generated} (shown only now)`);
}
