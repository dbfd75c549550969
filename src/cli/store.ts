import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { ImportSource } from '#admin';
import {
  addCommand,
  addressArgument,
  type DataOption,
  dataOf,
  type Exit,
  print,
} from './command.ts';
import { ProgressBar } from './progress.ts';
import { checkText, importText, movedText } from './show.ts';
import { performVerb } from './verb.ts';

interface MigrateOptions extends DataOption {
  readonly to: string;
  readonly blobs?: string;
}

interface ImportOptions extends DataOption {
  readonly mbox?: string;
  readonly maildir?: string;
  readonly eml?: readonly string[];
  readonly folder?: string;
}

export function addStoreCommands(program: Command, exit: Exit): void {
  addImport(program);
  addCommand(program, 'check', '', 'verify the store: checksums, references, counters').action(
    async (options: DataOption) => {
      const dataDir = dataOf(options);
      const progress = new ProgressBar('check');
      const { show: onProgress } = progress;
      const result = await performVerb({ dataDir, verb: 'check', args: {}, onProgress }).finally(
        () => progress.end(),
      );
      print(checkText(result));
      if (result.problemCount > 0) exit(1);
    },
  );
  addMigrate(program);
}

function addMigrate(program: Command): void {
  addCommand(
    program,
    'migrate',
    '--to URL|embedded [--blobs PLACE]',
    'move all mail to another engine, while the server serves it; run again it goes on where it was',
  )
    .requiredOption('--to <engine>', 'postgres://USER:PASSWORD@HOST/DATABASE, or "embedded"')
    .option('--blobs <place>', 'large bodies: a shared directory or s3://BUCKET/PREFIX')
    .action(async (options: MigrateOptions) => {
      const { to, blobs } = options;
      const progress = new ProgressBar('migrate');
      const { show: onProgress } = progress;
      const args = {
        to,
        blobs: blobs === undefined || blobs.includes('://') ? blobs : resolve(blobs),
      };
      const call = { dataDir: dataOf(options), verb: 'migrate', args, onProgress } as const;
      print(movedText(await performVerb(call).finally(() => progress.end())));
    });
}

function addImport(program: Command): void {
  const usage = 'ADDRESS --mbox FILE|--maildir DIR|--eml FILE... [--folder NAME]';
  const command = addCommand(
    program,
    'import',
    usage,
    'import mail from files; run again it adds only what is missing',
  )
    .argument('<address>', 'any address of the mailbox', addressArgument)
    .addOption(new Option('--mbox <file>', 'an mbox file').conflicts(['maildir', 'eml']))
    .addOption(
      new Option('--maildir <dir>', 'a Maildir, with the folders in it').conflicts(['mbox', 'eml']),
    )
    .addOption(
      new Option('--eml <file...>', 'files with one message each').conflicts(['mbox', 'maildir']),
    )
    .option('--folder <name>', 'the target folder, made when missing; INBOX when not given');
  command.action(async (address: string, options: ImportOptions) => {
    const source = sourceOf(options);
    if (source === undefined)
      command.error('error: say what to import: one of --mbox FILE, --maildir DIR, --eml FILE...');
    const dataDir = dataOf(options);
    const args = { address, folder: options.folder, source };
    const progress = new ProgressBar('import');
    const { show: onProgress } = progress;
    const result = await performVerb({ dataDir, verb: 'import', args, onProgress }).finally(() =>
      progress.end(),
    );
    print(importText(result));
  });
}

/** The server reads the files itself, from its own working directory: paths are made absolute here. */
function sourceOf({ mbox, maildir, eml }: ImportOptions): ImportSource | undefined {
  if (mbox !== undefined) return { kind: 'mbox', path: resolve(mbox) };
  if (maildir !== undefined) return { kind: 'maildir', path: resolve(maildir) };
  return eml === undefined ? undefined : { kind: 'eml', paths: eml.map((path) => resolve(path)) };
}
