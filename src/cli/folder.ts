import type { Command } from 'commander';
import type { FolderRights } from '#admin';
import {
  addCommand,
  addressArgument,
  type DataOption,
  dataOf,
  type JsonOption,
  print,
  show,
  withJson,
} from './command.ts';
import { table } from './text.ts';
import { performVerb } from './verb.ts';

interface DenyOption extends DataOption {
  readonly deny?: boolean;
}

/** What somebody gets who is only named: to see the folder and read in it. */
const LOOK_AND_READ = 'lr';

export function addFolderCommands(group: Command): void {
  const who = 'ADDRESS FOLDER WHO';
  const deny = 'rights that are taken away from what other grants give';
  addCommand(group, 'share', `${who} [RIGHTS] [--deny]`, 'say what somebody may do in a folder')
    .argument('<address>', 'any address of the mailbox', addressArgument)
    .argument('<folder>', 'its name, like INBOX or Archive/2026')
    .argument('<who>', 'any address of another mailbox, or anyone')
    .argument('[rights]', 'letters of lrswipkxtea, or c for kx, d for te', LOOK_AND_READ)
    .option('--deny', deny)
    .addHelpText('after', RIGHTS_HELP)
    .action(
      async (
        address: string,
        folder: string,
        who: string,
        rights: string,
        { deny, ...options }: DenyOption,
      ) => {
        const args = { address, folder, who, rights, deny };
        const dataDir = dataOf(options);
        print(rightsText(await performVerb({ dataDir, verb: 'folder share', args })));
      },
    );
  addCommand(group, 'unshare', `${who} [--deny]`, 'take away what somebody was granted')
    .argument('<address>', 'any address of the mailbox', addressArgument)
    .argument('<folder>', 'its name')
    .argument('<who>', 'any address of the other mailbox, or anyone')
    .option('--deny', `the ${deny}`)
    .action(
      async (address: string, folder: string, who: string, { deny, ...options }: DenyOption) => {
        const args = { address, folder, who, deny };
        const dataDir = dataOf(options);
        print(rightsText(await performVerb({ dataDir, verb: 'folder unshare', args })));
      },
    );
  withJson(
    addCommand(group, 'rights', 'ADDRESS [FOLDER] [--json]', 'show who else may use the folders'),
  )
    .argument('<address>', 'any address of the mailbox', addressArgument)
    .argument('[folder]', 'one folder; without it all that are shared')
    .action(async (address: string, folder: string | undefined, options: JsonOption) => {
      const dataDir = dataOf(options);
      const rights = await performVerb({
        dataDir,
        verb: 'folder rights',
        args: { address, folder },
      });
      show(options, rights, () => rightsText(rights));
    });
}

const RIGHTS_HELP = `
Rights (RFC 4314): l see the folder, r read, s keep what is read, w other flags, i put messages in, p post,
k create folders below, x delete or rename it, t mark as deleted, e expunge, a say who may do what.`;

function rightsText({ address, grants }: FolderRights): string {
  if (grants.length === 0) return `only ${address} has rights there`;
  return table(
    ['FOLDER', 'WHO', 'RIGHTS'],
    grants.map(({ folder, identifier, rights }) => [folder, identifier, rights]),
  );
}
