import { createHash, type Hash } from 'node:crypto';
import { assert, isPosthornError, PosthornError } from '#kernel';
import { DELIMITER, type FlagSet, type MailboxId } from '#model';
import type { Incoming, Mailbox, Store } from '#store';
import { checkFolderName } from '#store';
import type { AdminContext, Run } from '../context.ts';
import { requireMailbox } from '../mailbox.ts';
import { emlSource } from './eml.ts';
import { FolderImport } from './folder-import.ts';
import { headerDate, headerFlags, isFolderRecord } from './header-facts.ts';
import { LineEnds } from './line-ends.ts';
import { maildirSource } from './maildir.ts';
import { mboxSource } from './mbox.ts';
import type { Source, SourceEvent, SourceMessage } from './source.ts';

/** Skipped messages that are named; more are counted. */
const SKIPPED_NAMED_MAX = 100;
const INBOX = 'INBOX';

/** Where the mail is. Paths are absolute. */
export type ImportSource =
  | { readonly kind: 'mbox'; readonly path: string }
  | { readonly kind: 'maildir'; readonly path: string }
  | { readonly kind: 'eml'; readonly paths: readonly string[] };

export interface ImportArgs {
  readonly address: string;
  /** The target; INBOX when not given. Folders of a Maildir go below it, or beside INBOX when it is not given. */
  readonly folder?: string | undefined;
  readonly source: ImportSource;
}

export interface ImportResult {
  readonly address: string;
  readonly folders: readonly {
    readonly name: string;
    readonly imported: number;
    readonly present: number;
  }[];
  readonly imported: number;
  /** Messages of the source that were in their folder already. */
  readonly present: number;
  readonly skipped: number;
  /** The first of those that were skipped. */
  readonly skippedWhy: readonly { readonly where: string; readonly reason: string }[];
}

/** Mailboxes into which an import runs; two at once could each add what the other adds. */
const importing = new WeakMap<Store, Set<MailboxId>>();

/**
 * Imports mail from files into a mailbox. Nothing is doubled when it runs again: what equals a message of the target
 * folder byte for byte counts as there, each once. Everything is looked at first, and nothing is imported when a file is
 * missing or not what it should be.
 * @throws {no-mailbox}, {not-found}, {invalid}, {folder-name}; {over-quota}, {disk-full} after a part was imported
 */
export async function importMessages(
  context: AdminContext,
  args: ImportArgs,
  run: Run,
): Promise<ImportResult> {
  const { mailboxId, primaryAddress } = await requireMailbox(context, args.address);
  const target = args.folder === undefined ? undefined : checkFolderName(args.folder);
  const source = await openSource(args.source);
  const busy = importing.get(context.store) ?? new Set();
  importing.set(context.store, busy);
  if (busy.has(mailboxId))
    throw new PosthornError('too-busy', `another import into ${primaryAddress} is running: wait`);
  busy.add(mailboxId);
  try {
    const mailbox = context.store.openMailbox(mailboxId, `import into ${primaryAddress}`);
    const work = new Import({ store: context.store, mailbox, target, source, run });
    return { address: primaryAddress, ...(await work.finish()) };
  } finally {
    busy.delete(mailboxId);
  }
}

function openSource(source: ImportSource): Promise<Source> {
  if (source.kind === 'mbox') return mboxSource(source.path);
  return source.kind === 'maildir' ? maildirSource(source.path) : emlSource(source.paths);
}

/** A message whose bytes are coming. */
interface Current {
  readonly message: SourceMessage;
  readonly folder: FolderImport;
  readonly incoming: Incoming;
  readonly hash: Hash;
  readonly lineEnds: LineEnds;
}

class Import {
  readonly #store: Store;
  readonly #mailbox: Mailbox;
  readonly #target: string | undefined;
  readonly #source: Source;
  readonly #run: Run;
  readonly #folders = new Map<string, FolderImport>();
  readonly #skippedWhy: { where: string; reason: string }[] = [];
  #skipped = 0;
  #seen = 0;
  #doneBytes = 0;
  #current: Current | undefined;

  constructor(parts: {
    readonly store: Store;
    readonly mailbox: Mailbox;
    readonly target: string | undefined;
    readonly source: Source;
    readonly run: Run;
  }) {
    this.#store = parts.store;
    this.#mailbox = parts.mailbox;
    this.#target = parts.target;
    this.#source = parts.source;
    this.#run = parts.run;
  }

  async finish(): Promise<Omit<ImportResult, 'address'>> {
    try {
      for (const levels of this.#source.folders) await this.#openFolder(levels);
      for await (const events of this.#source.read()) await this.#take(events);
      for (const folder of this.#folders.values()) await folder.flush();
    } catch (error) {
      for (const folder of this.#folders.values()) await folder.settle();
      throw this.#explain(error);
    } finally {
      await this.#current?.incoming[Symbol.asyncDispose]();
    }
    this.#tell();
    return this.#result();
  }

  async #take(events: readonly SourceEvent[]): Promise<void> {
    if (this.#run.signal.aborted) throw new PosthornError('shutting-down', 'it was stopped');
    for (const event of events) {
      // Most bytes are taken at once; a promise for each would cost more than the work.
      const waiting = this.#takeOne(event);
      if (waiting !== undefined) await waiting;
    }
  }

  #takeOne(event: SourceEvent): Promise<void> | undefined {
    switch (event.kind) {
      case 'begin':
        return this.#begin(event.message);
      case 'bytes':
        return this.#bytes(event.bytes);
      case 'end':
        return this.#end();
      case 'skip':
        return this.#skip(event.where, event.reason);
      case 'done':
        this.#doneBytes += event.bytes;
        this.#tell();
        return undefined;
    }
  }

  async #begin(message: SourceMessage): Promise<void> {
    assert(this.#current === undefined, 'the message before has ended');
    this.#current = {
      message,
      folder: await this.#openFolder(message.levels),
      incoming: this.#store.incoming(),
      hash: createHash('sha256'),
      lineEnds: new LineEnds(),
    };
  }

  #bytes(bytes: Buffer): Promise<void> | undefined {
    const { hash, incoming, lineEnds } = this.#current!;
    const converted = lineEnds.convert(bytes);
    hash.update(converted);
    return incoming.write(converted);
  }

  async #end(): Promise<void> {
    const { message, folder, incoming, hash } = this.#current!;
    this.#seen++;
    // Asked before the content is finished: a large one that is there already leaves no file behind.
    const digest = hash.digest();
    if (folder.claim(digest)) {
      await this.#drop();
      return;
    }
    if (incoming.sizeBytes === 0) {
      await this.#skip(message.where, 'the message is empty');
      return;
    }
    const content = await incoming.finish();
    // What was binary is stored encoded, and under that hash it is there already.
    if (!digest.equals(content.hash) && folder.claim(Buffer.from(content.hash))) {
      await incoming.discard();
      await this.#drop();
      return;
    }
    this.#current = undefined;
    if (message.flagsInHeader && isFolderRecord(content.head)) {
      await this.#skip(message.where, "the mail program's own record of the folder, not a message");
      return;
    }
    const { flags, keywords } = marksOf(message, content.head);
    const internalMs =
      message.receivedMs ?? headerDate(content.head, content.sentAtMs) ?? message.writtenMs;
    await folder.add({ content, flags, keywords, internalMs: Math.trunc(internalMs) });
  }

  async #skip(where: string, reason: string): Promise<void> {
    await this.#drop();
    this.#skipped++;
    if (this.#skippedWhy.length < SKIPPED_NAMED_MAX) this.#skippedWhy.push({ where, reason });
  }

  async #drop(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.incoming[Symbol.asyncDispose]();
  }

  async #openFolder(levels: readonly string[]): Promise<FolderImport> {
    const name = this.#folderName(levels);
    let folder = this.#folders.get(name);
    if (folder === undefined) {
      folder = await FolderImport.open(this.#mailbox, name);
      this.#folders.set(name, folder);
    }
    return folder;
  }

  #folderName(levels: readonly string[]): string {
    const above = this.#target ?? (levels.length === 0 ? INBOX : undefined);
    return checkFolderName([...(above === undefined ? [] : [above]), ...levels].join(DELIMITER));
  }

  #tell(): void {
    this.#run.onProgress({
      done: this.#doneBytes,
      total: this.#source.totalBytes,
      unit: 'bytes',
      messages: this.#seen,
    });
  }

  #result(): Omit<ImportResult, 'address'> {
    const folders = [...this.#folders.values()].map(({ name, imported, present }) => ({
      name,
      imported,
      present,
    }));
    return {
      folders,
      imported: folders.reduce((sum, { imported }) => sum + imported, 0),
      present: folders.reduce((sum, { present }) => sum + present, 0),
      skipped: this.#skipped,
      skippedWhy: this.#skippedWhy,
    };
  }

  /** Adds how far it came: what is imported stays, and running again goes on from there. */
  #explain(error: unknown): unknown {
    const { imported } = this.#result();
    if (!isPosthornError(error)) return error;
    const text = `${error.message}; ${imported} messages were imported before, run the same again to go on`;
    return new PosthornError(error.code, text, { cause: error });
  }
}

function marksOf(
  message: SourceMessage,
  head: Uint8Array,
): { readonly flags: FlagSet; readonly keywords: readonly string[] } {
  if (!message.flagsInHeader) return message;
  const marks = headerFlags(head);
  return {
    flags: message.flags | marks.flags,
    keywords: [...message.keywords, ...marks.keywords],
  };
}
