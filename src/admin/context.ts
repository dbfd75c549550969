import type { Directory } from '#directory';
import type { Clock, Wait } from '#kernel';
import type { Store } from '#store';

/** What a running server tells of itself. */
export interface ServerStatus {
  readonly pid: number;
  readonly version: string;
  readonly startedAtMs: number;
  readonly uptimeMs: number;
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  /** Mailboxes, messages and what else is counted in the store. */
  readonly counts: Readonly<Record<string, number>>;
  /** Open sessions by protocol. */
  readonly sessions: Readonly<Record<string, number>>;
  /** Connections that have not logged in, or have no recipient yet. */
  readonly newcomers: number;
  /** Sessions that are told of changes in a mailbox. */
  readonly watches: number;
  readonly waits: readonly (Wait & { readonly thread: string })[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** The running server as the administrator reaches it. */
export interface AdminHost {
  status(): Promise<ServerStatus>;
  /** Begins to stop the server; returns at once. */
  stop(): void;
}

/** What verbs work on. */
export interface AdminContext {
  readonly directory: Directory;
  readonly store: Store;
  /** Undefined when no server runs and the verb works on the data directory itself. */
  readonly host: AdminHost | undefined;
  readonly clock: Clock;
  /** Moves the store; who gives the context knows how to hold it still meanwhile. */
  readonly move: (
    to: { readonly to: string; readonly blobs?: string | undefined },
    run: Run,
  ) => Promise<MoveResult>;
}

/** What came of a move to another engine. */
export interface MoveResult {
  readonly messages: number;
  readonly mailboxes: number;
  /** Ways through all mailboxes. */
  readonly passes: number;
  /** How long nothing could be written. */
  readonly pausedMs: number;
}

/** How far a long verb has come. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'contents' | 'messages';
  /** What is being done, where a verb does one thing after the other. */
  readonly phase?: string;
  /** Messages so far, where they are counted beside the unit. */
  readonly messages: number;
}

/** What a verb has of its caller while it runs. */
export interface Run {
  onProgress(progress: Progress): void;
  /** Aborted when the caller is gone or the server stops: a long verb ends at the next message. */
  readonly signal: AbortSignal;
}
