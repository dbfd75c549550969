import { setImmediate } from 'node:timers/promises';
import { type Folder, type ModSeq, UID_MAX, type Uid } from '#model';
import type { Engine, EntryState, FolderChanges, FolderRef, StateQuery } from '#storage';
import { StateColumns } from './state-columns.ts';

/** Reads of the change log that are kept, and rows in them together: who has missed more asks the log itself. */
const DELTAS_MAX = 64;
const DELTA_ROWS_MAX = 1000;
/** Entries read at once where all are read. */
const PAGE = 4096;
/** A folder with more entries is not held in columns: making them would keep everybody waiting. */
const ENTRIES_MAX = 200_000;
/** Of a folder with so few, all may be read as well as some. */
const FEW = 500;

/** What one read of the change log brought. */
interface Delta {
  readonly since: ModSeq;
  readonly vanished: readonly Uid[];
  readonly entries: readonly EntryState[];
}

/**
 * A folder as the sessions of one thread look at it together: what happened in it is read from the change log once for all of them,
 * and the flags of its entries are kept in columns once somebody asked for many. Whoever asks is answered as of the newest commit
 * at that time, as the storage would answer.
 */
export class KeptFolder {
  readonly #engine: Engine;
  readonly #ref: FolderRef;
  /** As of the last read; undefined before the first one, and when it is gone. */
  #folder: Folder | undefined;
  /** The engine's count of the commits that were done before the last read. */
  #done: number | undefined;
  /** Ascending, without gaps. */
  #deltas: Delta[] = [];
  #deltaRows = 0;
  #columns: StateColumns | undefined;
  #making: Promise<void> | undefined;
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(engine: Engine, ref: FolderRef) {
    this.#engine = engine;
    this.#ref = ref;
  }

  /** How many entries are held in columns. */
  get size(): number {
    return this.#columns?.size ?? 0;
  }

  /** As `KeptFolders.changes`. */
  async changes(
    since: ModSeq,
    known?: readonly ModSeq[],
    asOf?: ModSeq,
  ): Promise<FolderChanges | undefined> {
    if (!this.#knows(asOf)) await this.#catchUp();
    const folder = this.#folder;
    if (folder === undefined) return undefined;
    return this.#changesOf(folder, since) ?? this.#engine.read.changes(this.#ref, since, known);
  }

  /** As `Reads.states`. @param many whether so many are asked for that all of them are worth keeping */
  async states(query: StateQuery, many: boolean): Promise<readonly EntryState[]> {
    if (this.#folder === undefined) await this.#catchUp();
    const messages = this.#folder?.messages ?? Number.POSITIVE_INFINITY;
    if (this.#columns === undefined && messages <= (many ? ENTRIES_MAX : FEW)) {
      this.#making ??= this.#make().finally(() => {
        this.#making = undefined;
      });
      await this.#making;
    }
    if (this.#columns !== undefined) await this.#catchUp();
    return this.#columns?.read(query) ?? this.#engine.read.states(query);
  }

  /**
   * Whether all is known that somebody was told of, and all that one has read who read of the folder up to a modseq. Where a commit is on its
   * way, which is nearly always while many write, that spares a look for each who asks.
   */
  #knows(asOf: ModSeq | undefined): boolean {
    if (asOf === undefined || this.#folder === undefined) return false;
    const commits = this.#engine.commits(this.#ref.mailboxId);
    if (commits === undefined || doneOf(commits) !== this.#done) return false;
    return this.#folder.highestModSeq >= asOf;
  }

  /** Takes in what was committed until now. */
  #catchUp(): Promise<void> | undefined {
    const commits = this.#engine.commits(this.#ref.mailboxId);
    // An odd number is nobody's.
    if (commits !== undefined && commits === this.#done) return undefined;
    if (this.#reading === undefined) return this.#read();
    // What is being read may be from before: whoever comes meanwhile shares the read after it.
    this.#next ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        // Somebody may have begun one already, since that one ended.
        return this.#reading ?? this.#read();
      });
    return this.#next;
  }

  #read(): Promise<void> {
    this.#reading = this.#take().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #take(): Promise<void> {
    const { read } = this.#engine;
    const done = doneOf(this.#engine.commits(this.#ref.mailboxId));
    const since = this.#folder?.highestModSeq;
    if (since === undefined) this.#folder = await read.folder(this.#ref);
    else {
      // Of more it is cheaper to know nothing: who wants them reads what it does not know itself.
      const changes = await read.changes(this.#ref, since, [], DELTA_ROWS_MAX);
      if (changes === undefined || changes.vanished === undefined) this.#forget();
      else if (changes.folder.highestModSeq > since) this.#note(since, changes, changes.vanished);
      this.#folder = changes?.folder;
    }
    this.#done = done;
  }

  #note(since: ModSeq, { entries }: FolderChanges, vanished: readonly Uid[]): void {
    this.#columns?.remove(vanished);
    this.#columns?.put(entries);
    if (this.#columns?.isFull) this.#columns = undefined;
    this.#deltas.push({ since, vanished, entries });
    this.#deltaRows += rowsOf(this.#deltas.at(-1)!);
    while (this.#deltas.length > DELTAS_MAX || this.#deltaRows > DELTA_ROWS_MAX)
      this.#deltaRows -= rowsOf(this.#deltas.shift()!);
  }

  #forget(): void {
    this.#columns = undefined;
    this.#deltas = [];
    this.#deltaRows = 0;
  }

  /** What happened since a modseq; undefined when that is too long ago. */
  #changesOf(folder: Folder, since: ModSeq): FolderChanges | undefined {
    if (folder.highestModSeq <= since) return { folder, vanished: [], entries: [] };
    const from = this.#deltas.findLastIndex((delta) => delta.since <= since);
    if (from < 0) return undefined;
    return { folder, ...combined(this.#deltas.slice(from), since) };
  }

  /** Reads the flags of all entries. Where there are too many to be held, there are no columns afterwards. */
  async #make(): Promise<void> {
    const { highestModSeq: since, messages } = this.#folder!;
    const columns = new StateColumns(messages);
    for (let full = true; full; ) {
      const uids = [[(columns.lastUid + 1) as Uid, UID_MAX as Uid]] as const;
      const page = await this.#engine.read.states({ ...this.#ref, uids, limit: PAGE });
      columns.put(page);
      full = page.length === PAGE;
      if (full) await setImmediate();
    }
    await this.#catchUp();
    const folder = this.#folder;
    // What happened meanwhile is in some of the pages only.
    const meanwhile = folder && this.#changesOf(folder, since);
    if (meanwhile?.vanished === undefined || columns.isFull) return;
    columns.remove(meanwhile.vanished);
    columns.put(meanwhile.entries);
    if (!columns.isFull) this.#columns = columns;
  }
}

/** The count without the commit that is on its way. */
function doneOf(commits: number | undefined): number | undefined {
  return commits === undefined ? undefined : commits & ~1;
}

function rowsOf({ vanished, entries }: Delta): number {
  return vanished.length + entries.length;
}

/** Deltas as one: of each entry what came last. */
function combined(deltas: readonly Delta[], since: ModSeq): Omit<FolderChanges, 'folder'> {
  const [{ vanished: gone, entries, since: begin }] = deltas as [Delta];
  if (deltas.length === 1 && begin === since) return { vanished: gone, entries };
  const states = new Map<Uid, EntryState>();
  const vanished = new Set<Uid>();
  for (const delta of deltas) {
    for (const state of delta.entries) if (state.modSeq > since) states.set(state.uid, state);
    for (const uid of delta.vanished) {
      states.delete(uid);
      vanished.add(uid);
    }
  }
  return {
    vanished: [...vanished].sort(byUid),
    entries: [...states.values()].sort((a, b) => byUid(a.uid, b.uid)),
  };
}

function byUid(a: Uid, b: Uid): number {
  return a - b;
}
