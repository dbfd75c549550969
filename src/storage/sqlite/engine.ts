import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { type Clock, RequestPort } from '#kernel';
import type { Change, MailboxId } from '#model';
import { FileBlobs } from '../blobs/files.ts';
import type { Command, CommandOf, OutcomeOf } from '../commands.ts';
import type { Engine } from '../engine.ts';
import { CommitCounts } from './commit-counts.ts';
import { SqliteReads } from './reads.ts';
import { Writer } from './writer.ts';

/** How long a command may wait for its commit before its session gives up on it. */
const EXECUTE_TIMEOUT_MS = 60_000;

export type WriterPort = RequestPort<Command, OutcomeOf<Command['kind']>, Change>;

/** How another thread reaches the writer. */
export interface WriterWay {
  readonly port: MessagePort;
  /** The memory of its `CommitCounts`. */
  readonly commits: SharedArrayBuffer;
}

export const DATABASE_FILE = 'posthorn.db';
export const BLOB_DIRECTORY = 'blobs';

type Listener = (changes: readonly Change[]) => void;
type Execute = (owner: string, command: Command) => Promise<OutcomeOf<Command['kind']>>;

/** The engine as one thread has it: its own reading connection, and a way to the one writer. */
export class SqliteEngine implements Engine {
  readonly name = 'sqlite';
  readonly read: SqliteReads;
  readonly blobs: FileBlobs;
  readonly #execute: Execute;
  readonly #commits: CommitCounts;
  readonly #close: () => void;
  readonly #listeners = new Set<Listener>();

  constructor(
    dir: string,
    commits: CommitCounts,
    parts: (publish: Listener) => { execute: Execute; close: () => void },
  ) {
    this.#commits = commits;
    const { execute, close } = parts((changes) => {
      for (const listener of this.#listeners) listener(changes);
    });
    this.#execute = execute;
    this.#close = close;
    this.blobs = new FileBlobs(join(dir, BLOB_DIRECTORY));
    this.read = new SqliteReads(join(dir, DATABASE_FILE), this.blobs);
  }

  execute<Kind extends Command['kind']>(
    owner: string,
    command: CommandOf<Kind>,
  ): Promise<OutcomeOf<Kind>> {
    return this.#execute(owner, command) as Promise<OutcomeOf<Kind>>;
  }

  commits(mailboxId: MailboxId): number {
    return this.#commits.of(mailboxId);
  }

  onChanges(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** There is one node, and one of its threads asks. */
  async lease(): Promise<boolean> {
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.read.close();
    this.#close();
  }
}

/** Opens the engine with the writer in this thread: for administration while no server runs, and for tests. */
export function openSqlite(dir: string, clock: Clock): SqliteEngine {
  const commits = new CommitCounts();
  return new SqliteEngine(dir, commits, (publish) => {
    const writer = new Writer(join(dir, DATABASE_FILE), clock, commits, publish);
    return {
      execute: (_owner, command) =>
        new Promise((done, failed) => writer.submit({ command, done, failed })),
      close: () => writer.close(),
    };
  });
}

/**
 * The buffers of a command that can move to the writer instead of being copied: those that hold one message and nothing
 * else. The sender has no use for them after it has asked for the commit.
 */
function buffersOf(command: Command): ArrayBuffer[] | undefined {
  if (command.kind !== 'ingest') return undefined;
  const buffers = new Set<ArrayBuffer>();
  for (const { head, body } of command.contents) {
    if (body.kind !== 'bytes' || head.buffer !== body.bytes.buffer) continue;
    if (head.length + body.bytes.length === head.buffer.byteLength)
      buffers.add(head.buffer as ArrayBuffer);
  }
  return [...buffers];
}

/** Opens the engine for a thread that another one gave the way to the writer's thread. */
export function connectSqlite(dir: string, { port, commits }: WriterWay): SqliteEngine {
  return new SqliteEngine(dir, new CommitCounts(commits), (publish) => {
    const requests: WriterPort = new RequestPort({
      port,
      name: 'the commit of a command',
      timeoutMs: EXECUTE_TIMEOUT_MS,
      onNotes: publish,
    });
    return {
      execute: (owner, command) => requests.request(owner, command, buffersOf(command)),
      close: () => port.close(),
    };
  });
}
