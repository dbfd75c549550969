import type { ErrorCode } from '#kernel';
import { Flag, type FlagMask, type FolderId, INBOX_ID, UID_MAX } from '#model';

/** What the model knows of an entry. */
export interface ModelEntry {
  flags: number;
  /** Folded names. */
  keywords: ReadonlySet<string>;
  readonly content: number;
  /** The mailbox's own copy of the content, where mailboxes do not share: a new one for each way into the mailbox. */
  readonly instance: string;
  readonly sizeBytes: number;
  /** Whether it changed since the last look. */
  touched: boolean;
}

export interface ModelFolder {
  name: string;
  uidNext: number;
  recentFrom: number;
  readonly entries: Map<number, ModelEntry>;
  /** What others may do, by grantee and sign. */
  readonly rights: Map<string, string>;
}

/** The simplest mailbox there can be; names and flags only, no storage. */
export class ModelMailbox {
  readonly folders = new Map<FolderId, ModelFolder>();
  readonly subscriptions = new Set<string>(['INBOX']);
  #nextFolderId = 1;

  constructor() {
    this.#insert('INBOX');
  }

  byName(name: string): FolderId | undefined {
    for (const [folderId, folder] of this.folders) if (folder.name === name) return folderId;
    return undefined;
  }

  add(folderId: FolderId, entry: Omit<ModelEntry, 'touched'>): number {
    const folder = this.folders.get(folderId)!;
    folder.entries.set(folder.uidNext, { ...entry, touched: true });
    return folder.uidNext++;
  }

  create(name: string): FolderId | ErrorCode {
    if (this.byName(name) !== undefined) return 'folder-exists';
    this.#parents(name);
    return this.#insert(name);
  }

  rename(folderId: FolderId, name: string): FolderId | ErrorCode {
    const folder = this.folders.get(folderId);
    if (folder === undefined) return 'no-folder';
    if (this.byName(name) !== undefined) return 'folder-exists';
    if (folderId === INBOX_ID) {
      const created = this.create(name) as FolderId;
      move(this, folderId, this, created, [...folder.entries.keys()]);
      return created;
    }
    const old = folder.name;
    if (name.startsWith(`${old}/`)) return 'folder-name';
    const below = [...this.folders.values()].filter((each) => each.name.startsWith(`${old}/`));
    const renamed = below.map((each) => name + each.name.slice(old.length));
    if (renamed.some((each) => this.byName(each) !== undefined)) return 'folder-exists';
    this.#parents(name);
    folder.name = name;
    below.forEach((each, index) => {
      each.name = renamed[index]!;
    });
    return folderId;
  }

  remove(folderId: FolderId): string | ErrorCode {
    const folder = this.folders.get(folderId);
    if (folder === undefined) return 'no-folder';
    if (folderId === INBOX_ID) return 'folder-fixed';
    for (const { name } of this.folders.values())
      if (name.startsWith(`${folder.name}/`)) return 'folder-has-children';
    this.folders.delete(folderId);
    return folder.name;
  }

  #parents(name: string): void {
    const levels = name.split('/');
    for (let depth = 1; depth < levels.length; depth++) {
      const parent = levels.slice(0, depth).join('/');
      if (this.byName(parent) === undefined) this.#insert(parent);
    }
  }

  #insert(name: string): FolderId {
    const folderId = this.#nextFolderId++ as FolderId;
    const above = this.byName(name.split('/').slice(0, -1).join('/'));
    const rights = new Map(above && this.folders.get(above)!.rights);
    this.folders.set(folderId, { name, uidNext: 1, recentFrom: 1, entries: new Map(), rights });
    return folderId;
  }
}

/** Uids of a folder that ranges name. */
export function named(
  folder: ModelFolder,
  ranges: readonly (readonly [number, number])[],
): number[] {
  return [...folder.entries.keys()].filter((uid) =>
    ranges.some(([first, last]) => uid >= first && uid <= last),
  );
}

let copies = 0;

export function copy(
  from: ModelMailbox,
  fromId: FolderId,
  to: ModelMailbox,
  toId: FolderId,
  uids: readonly number[],
  keeping?: FlagMask,
): void {
  const source = from.folders.get(fromId)!;
  const across = from === to ? '' : `/${++copies}`;
  for (const uid of uids) {
    const entry = source.entries.get(uid)!;
    const flags = entry.flags & (keeping?.flags ?? entry.flags);
    const keywords = keeping?.keywords === false ? new Set<string>() : entry.keywords;
    to.add(toId, { ...entry, flags, keywords, instance: entry.instance + across });
  }
}

export function move(
  from: ModelMailbox,
  fromId: FolderId,
  to: ModelMailbox,
  toId: FolderId,
  uids: readonly number[],
  keeping?: FlagMask,
): void {
  copy(from, fromId, to, toId, uids, keeping);
  for (const uid of uids) from.folders.get(fromId)!.entries.delete(uid);
}

/** The counters of a folder, counted. */
export function countersOf(folder: ModelFolder): Record<string, number> {
  const entries = [...folder.entries.values()];
  return {
    messages: entries.length,
    unseen: entries.filter((entry) => (entry.flags & Flag.Seen) === 0).length,
    deleted: entries.filter((entry) => (entry.flags & Flag.Deleted) !== 0).length,
    sizeBytes: entries.reduce((sum, entry) => sum + entry.sizeBytes, 0),
    uidNext: folder.uidNext,
    recentFrom: folder.recentFrom,
  };
}

/** Turns any numbers into ascending ranges that do not touch; 0 gives the widest there is. */
export function rangesFrom(seeds: readonly number[]): [number, number][] {
  if (seeds.includes(0)) return [[1, UID_MAX]];
  const ranges: [number, number][] = [];
  for (const uid of [...new Set(seeds)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 >= uid) last[1] = uid;
    else ranges.push([uid, uid]);
  }
  return ranges;
}
