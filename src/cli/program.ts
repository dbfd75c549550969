import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '#kernel';
import { parseListen } from '../main/config.ts';
import { VERSION } from '../main/version.ts';
import {
  addCommand,
  type DataOption,
  dataOf,
  type Exit,
  type JsonOption,
  print,
  show,
  withJson,
} from './command.ts';
import { addDomainCommands, addMailboxCommands } from './directory.ts';
import { addFolderCommands } from './folder.ts';
import { addSchemaCommand } from './schema.ts';
import { statusText } from './show.ts';
import { addStoreCommands } from './store.ts';
import { performVerb, stopServer } from './verb.ts';

interface StartOptions extends DataOption {
  readonly config?: string;
  readonly listen?: readonly string[];
  readonly engine?: string;
  readonly blobs?: string;
}

/** Everything the command line understands. */
export function makeProgram(exit: Exit): Command {
  const program = new Command('posthorn')
    .description('An all-in-one messaging server.')
    .usage('COMMAND')
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'posthorn: ')),
    })
    .exitOverride()
    .showHelpAfterError('see "posthorn --help"')
    .addHelpText('after', '\nThe data directory is --data, else POSTHORN_DATA, else ./data.');
  addServerCommands(program);
  addDomainCommands(group(program, 'domain', 'the domains of the organization'));
  addMailboxCommands(group(program, 'mailbox', 'the mailboxes of the organization'));
  addFolderCommands(group(program, 'folder', 'the folders of mailboxes, and who shares them'));
  addStoreCommands(program, exit);
  addSchemaCommand(program);
  return program;
}

function group(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .showHelpAfterError(`see "posthorn ${name} --help"`);
}

/** Checks a `NAME=HOST:PORT` and puts it to those before it. */
function listenArgument(text: string, before: readonly string[] = []): readonly string[] {
  try {
    parseListen(text);
  } catch (error) {
    throw new InvalidArgumentError(`\n${(error as Error).message}`);
  }
  return [...before, text];
}

function addServerCommands(program: Command): void {
  addCommand(
    program,
    'start',
    '[--config FILE] [--listen NAME=HOST:PORT ...] [--engine URL [--blobs PLACE]]',
    'run the server; prints "ready" when everything listens',
  )
    .option('--config <file>', 'configuration file')
    .option('--listen <name=host:port...>', 'open these listeners and no others', listenArgument)
    .option('--engine <url>', 'keep the mail on PostgreSQL: postgres://USER:PASSWORD@HOST/DATABASE')
    .option('--blobs <place>', 'with it: a shared directory or s3://BUCKET/PREFIX for large bodies')
    .action(async (options: StartOptions) => {
      const { startServer } = await import('../main/main.ts');
      const { data: dataDir, config: configFile, listen = [], engine, blobs } = options;
      // Everything is stopped or was abandoned at its deadline: what is left must not keep the process.
      process.exit(await startServer({ dataDir, configFile, listen, engine, blobs }));
    });
  addCommand(program, 'stop', '', 'stop the server and wait until it has ended').action(
    async (options: DataOption) => {
      await stopServer(dataOf(options));
      print('stopped');
    },
  );
  withJson(addCommand(program, 'status', '[--json]', 'show how the server is')).action(
    async (options: JsonOption) => {
      const status = await performVerb({ dataDir: dataOf(options), verb: 'status', args: {} });
      show(options, status, () => statusText(status, systemClock.now()));
    },
  );
}
