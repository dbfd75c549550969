import type { ModSeq } from '#model';
import {
  type Engine,
  type EntryState,
  type FolderChanges,
  type FolderRef,
  type StateQuery,
  uidCount,
} from '#storage';
import type { Hub } from './hub.ts';
import { KeptFolder } from './kept-folder.ts';

/** Folders of one thread, and entries of them in columns (15 bytes each) together. */
const FOLDERS_MAX = 200;
const ENTRIES_MAX = 1_000_000;
/** Uids of one question from which on all flags of the folder are worth keeping: whoever reads so many reads them again. */
const MANY = 1000;

/**
 * What the thread remembers of folders that are much looked at: those that several of its sessions follow, and those of which somebody
 * reads the flags of many entries at once. Everything else is asked of the storage. The one that was not asked for longest is forgotten first.
 */
export class KeptFolders {
  readonly #engine: Engine;
  readonly #hub: Hub;
  readonly #kept = new Map<string, KeptFolder>();

  constructor(engine: Engine, hub: Hub) {
    this.#engine = engine;
    this.#hub = hub;
  }

  /**
   * As `Reads.changes`. With `asOf`, up to which the asker has read of the folder, a commit that is on its way and that nobody was told of
   * may be left out.
   */
  changes(
    ref: FolderRef,
    since: ModSeq,
    known?: readonly ModSeq[],
    asOf?: ModSeq,
  ): Promise<FolderChanges | undefined> {
    const isShared = this.#hub.watchersOf(ref.mailboxId) > 1;
    const folder = this.#find(ref, isShared);
    return folder?.changes(since, known, asOf) ?? this.#engine.read.changes(ref, since, known);
  }

  /** As `Reads.states`. */
  async states(query: StateQuery): Promise<readonly EntryState[]> {
    const isMany = Math.min(query.limit, uidCount(query.uids)) >= MANY;
    const folder = this.#find(query, isMany);
    if (folder === undefined) return this.#engine.read.states(query);
    const states = await folder.states(query, isMany);
    this.#trim();
    return states;
  }

  #find({ mailboxId, folderId }: FolderRef, makes: boolean): KeptFolder | undefined {
    const key = `${mailboxId}/${folderId}`;
    let folder = this.#kept.get(key);
    if (folder === undefined && !makes) return undefined;
    if (folder !== undefined) this.#kept.delete(key);
    else folder = new KeptFolder(this.#engine, { mailboxId, folderId });
    this.#kept.set(key, folder);
    return folder;
  }

  #trim(): void {
    let entries = 0;
    for (const { size } of this.#kept.values()) entries += size;
    for (const [key, { size }] of this.#kept) {
      if (entries <= ENTRIES_MAX && this.#kept.size <= FOLDERS_MAX) return;
      this.#kept.delete(key);
      entries -= size;
    }
  }
}
