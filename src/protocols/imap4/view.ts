import {
  ALL_RIGHTS,
  type FlagMask,
  type Folder,
  type FolderId,
  hasRight,
  type ModSeq,
  type Right,
  type Rights,
  type SeqNum,
  type Uid,
} from '#model';
import {
  type EntryState,
  type FolderChanges,
  flagsAllowed,
  type Mailbox,
  type OpenedFolder,
} from '#store';
import { mergeRanges, type NumRange, type NumSet, type Ranges, resolveSet } from '#wire';
import { clipRanges } from './ranges.ts';
import { RecentRanges } from './recent-ranges.ts';

const CAPACITY_MIN = 16;

/** What a client must be told after its view took in changes; numbers are those after the expunges. */
export interface ViewUpdate {
  /** Uids that lost their numbers, ascending. */
  readonly expunged: readonly Uid[];
  /** The number each of them had when it was removed, those before it being gone already. */
  readonly expungedSeqs: readonly SeqNum[];
  /** How many messages were added at the end. */
  readonly added: number;
  /** Messages that the client knew already and whose flags changed, ascending. */
  readonly changed: readonly EntryState[];
}

/**
 * A session's picture of its selected folder: which message has which number. It changes only by `apply`, so that the numbers the
 * client counts with and ours are always the same. A message that is gone keeps its number until the client may
 * be told (RFC 9051 §7.5.1).
 */
export class View {
  /** The mailbox that the folder is in: not always that of who has logged in. */
  readonly mailbox: Mailbox;
  readonly folderId: FolderId;
  /** What the session may do in the folder, as far as the client was told. */
  rights: Rights;
  readonly #examined: boolean;
  readonly uidValidity: number;
  /** The folder's name as last seen; a rename does not disturb the view. */
  name: string;
  /** Something may have happened in the folder since the last `apply`. */
  stale = false;
  #uids: Uint32Array;
  #size: number;
  #modSeq: ModSeq;
  #safeModSeq: ModSeq;
  #shownModSeq = 0;
  /** Messages that are gone and still have a number. */
  readonly #gone = new Set<number>();
  /** Changes that this session made and has told of already. */
  readonly #told = new Set<ModSeq>();
  readonly #recent = new RecentRanges();
  #recentCount = 0;
  /** The count that the client was told last. */
  recentTold = 0;
  #flagsSince: ModSeq | undefined;
  /** Keywords the client was told of, by their name in lower case. */
  readonly #keywords: Map<string, string>;
  #learned = '';

  constructor(
    mailbox: Mailbox,
    { folder, uids, keywords }: OpenedFolder,
    examined: boolean,
    rights: Rights = ALL_RIGHTS,
  ) {
    this.mailbox = mailbox;
    this.folderId = folder.folderId;
    this.uidValidity = folder.uidValidity;
    this.name = mailbox.prefix + folder.name;
    this.#examined = examined;
    this.rights = rights;
    this.#uids = uids;
    this.#size = uids.length;
    this.#modSeq = folder.highestModSeq;
    this.#safeModSeq = folder.highestModSeq;
    this.#keywords = new Map(keywords.map((keyword) => [keyword.toLowerCase(), keyword]));
  }

  /** The keywords the client was told of. */
  get keywords(): readonly string[] {
    return [...this.#keywords.values()];
  }

  /** Nothing may be changed: it was only examined, or the rights allow nothing (RFC 4314 §5.2). */
  get readOnly(): boolean {
    return this.#examined || !allowsWriting(this.rights);
  }

  /** Whether the client may do what a right is for. */
  may(right: Right): boolean {
    return hasRight(this.rights, right);
  }

  /** The flags that the client may change for good. */
  get permanentFlags(): FlagMask {
    return this.readOnly ? { flags: 0, keywords: false } : flagsAllowed(this.rights);
  }

  /** Whether this is the folder that the session looks at. */
  shows({ mailboxId, folderId }: Pick<Folder, 'mailboxId' | 'folderId'>): boolean {
    return this.folderId === folderId && this.mailbox.mailboxId === mailboxId;
  }

  /** Takes the name that the folder has now. */
  renamed({ name }: Folder): void {
    this.name = this.mailbox.prefix + name;
  }

  /** How many messages have a number: what EXISTS told. */
  get size(): number {
    return this.#size;
  }

  /** Up to which change the view knows the folder. */
  get modSeq(): ModSeq {
    return this.#modSeq;
  }

  /** Up to which change the client knows the folder, expunges and flags too. */
  get safeModSeq(): ModSeq {
    return Math.min(this.#safeModSeq, this.flagsSince) as ModSeq;
  }

  /** Up to which change the session has read of the folder. */
  get seen(): ModSeq {
    return Math.max(this.#modSeq, this.#shownModSeq) as ModSeq;
  }

  /** Whether the client was shown what is newer than all that the view knows. */
  get isBehind(): boolean {
    return this.#shownModSeq > this.#modSeq;
  }

  /** Notes the mod-sequence of a message that the client is shown, as it was read from the store. */
  shown(modSeq: ModSeq): void {
    if (modSeq > this.#shownModSeq) this.#shownModSeq = modSeq;
  }

  /** Whether, since this was last asked, the client was shown a mod-sequence above that of something still to come. */
  takeShownAhead(): boolean {
    const isAhead = this.#shownModSeq > this.safeModSeq;
    this.#shownModSeq = 0;
    return isAhead;
  }

  /** Up to which change the client knows all flags. */
  get flagsSince(): ModSeq {
    return this.#flagsSince ?? this.#modSeq;
  }

  /** Notes that changed flags were not told, from a change on. */
  withholdFlags(since: ModSeq): void {
    this.#flagsSince ??= since;
  }

  /** Notes that all flags were told. */
  flagsAreTold(): void {
    this.#flagsSince = undefined;
  }

  /** Whether messages are gone of which the client has not been told. */
  get hasGone(): boolean {
    return this.#gone.size > 0;
  }

  /** The largest uid, 0 in an empty view. */
  get lastUid(): Uid | 0 {
    return this.#size === 0 ? 0 : (this.#uids[this.#size - 1] as Uid);
  }

  /** All uids, ascending; the message numbered n stands at index n-1. A view, valid until the next `apply`. */
  get uids(): Uint32Array {
    return this.#uids.subarray(0, this.#size);
  }

  /** The uid of a message number between 1 and `size`. */
  uidAt(seq: SeqNum): Uid {
    return this.#uids[seq - 1] as Uid;
  }

  /** Whether a uid stands at an index. */
  hasAt(index: number, uid: Uid): boolean {
    return index < this.#size && this.#uids[index] === uid;
  }

  /** The number of a uid; undefined when it has none. */
  seqOf(uid: Uid): SeqNum | undefined {
    const index = this.lowerBound(uid);
    return this.hasAt(index, uid) ? ((index + 1) as SeqNum) : undefined;
  }

  /** The index of the first uid that is at least `uid`, not looking before `from`. */
  lowerBound(uid: number, from = 0): number {
    let low = from;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uids[middle]! < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether the message is gone and only keeps its number. */
  isGone(uid: Uid): boolean {
    return this.#gone.has(uid);
  }

  /** Whether one of the ranges names a message that is gone. */
  namesGone(ranges: Ranges<Uid>): boolean {
    for (const uid of this.#gone)
      if (ranges.some(({ first, last }) => first <= uid && uid <= last)) return true;
    return false;
  }

  /**
   * What a set of message numbers means, as uids: whole ranges, since no message can come in between later.
   *
   * @param saved what "$" stands for
   * @returns undefined when the set names a number that no message has, which is BAD (RFC 9051 §9, seq-number)
   */
  uidsOfSeqs(set: NumSet<SeqNum>, saved: Ranges<Uid>): Ranges<Uid> | undefined {
    const ranges: NumRange<Uid>[] = set.saved ? [...saved] : [];
    for (const range of set.ranges) {
      const first = range.first === Number.POSITIVE_INFINITY ? this.#size : range.first;
      const last = range.last === Number.POSITIVE_INFINITY ? this.#size : range.last;
      if (first > this.#size || last > this.#size || this.#size === 0) return undefined;
      ranges.push({ first: this.uidAt(first as SeqNum), last: this.uidAt(last as SeqNum) });
    }
    return mergeRanges(ranges);
  }

  /** What a set of uids means here: never a message that has no number yet. */
  uidsOfUids(set: NumSet<Uid>, saved: Ranges<Uid>): Ranges<Uid> {
    const max = this.lastUid;
    return clipRanges(resolveSet(set, max, saved), max);
  }

  /** Either of the two, by how the command counts. */
  uidsOf(
    command:
      | { readonly uid: true; readonly set: NumSet<Uid> }
      | { readonly uid: false; readonly set: NumSet<SeqNum> },
    saved: Ranges<Uid>,
  ): Ranges<Uid> | undefined {
    return command.uid ? this.uidsOfUids(command.set, saved) : this.uidsOfSeqs(command.set, saved);
  }

  /** As `RecentRanges.add`. */
  addRecent(from: Uid, to: number): void {
    const begin = this.#recent.add(from, to);
    if (begin < to) this.#recentCount += this.lowerBound(to) - this.lowerBound(begin);
  }

  isRecent(uid: Uid): boolean {
    return this.#recent.has(uid);
  }

  /** How many messages are \Recent: what RECENT tells. */
  get recentCount(): number {
    return this.#recentCount;
  }

  /** Takes note of keywords; true when the client was not told of one of them before. */
  learnKeywords(keywords: string): boolean {
    // Messages in a row mostly have the same ones.
    if (keywords === this.#learned) return false;
    this.#learned = keywords;
    let isNew = false;
    for (const keyword of keywords.split(' ')) {
      const folded = keyword.toLowerCase();
      if (folded === '' || this.#keywords.has(folded)) continue;
      this.#keywords.set(folded, keyword);
      isNew = true;
    }
    return isNew;
  }

  /** Notes that the client knows of all that this session's own change `modSeq` did to flags. */
  told(modSeq: ModSeq): void {
    this.#told.add(modSeq);
  }

  /** What was noted by `told` since the last `apply`. */
  get toldChanges(): readonly ModSeq[] {
    return [...this.#told];
  }

  /**
   * Notes which messages vanished since `modSeq`; they keep their numbers for now. `apply` does it too.
   *
   * @param existing as `apply` takes it
   * @returns those that were not known to be gone, ascending
   */
  takeVanished(changes: FolderChanges, existing: Uint32Array | undefined): readonly Uid[] {
    const gone: Uid[] = [];
    for (const uid of changes.vanished ?? this.#missingIn(existing ?? new Uint32Array())) {
      if (this.seqOf(uid) === undefined || this.#gone.has(uid)) continue;
      this.#gone.add(uid);
      gone.push(uid);
    }
    return gone.sort((a, b) => a - b);
  }

  /**
   * Takes in what happened since `modSeq`.
   *
   * @param existing all uids of the folder, needed where the log could not name those that vanished
   * @param mayExpunge the client may be told that messages are gone; otherwise they keep their numbers
   */
  apply(
    changes: FolderChanges,
    existing: Uint32Array | undefined,
    mayExpunge: boolean,
  ): ViewUpdate {
    this.takeVanished(changes, existing);
    const removed = mayExpunge && this.#gone.size > 0 ? this.#removeGone() : NOTHING_REMOVED;
    const changed: EntryState[] = [];
    const last = this.lastUid;
    const before = this.#size;
    for (const entry of changes.entries) {
      if (entry.uid > last) this.#append(entry.uid);
      else if (!this.#told.has(entry.modSeq) && this.seqOf(entry.uid) !== undefined)
        changed.push(entry);
    }
    this.#told.clear();
    this.#modSeq = changes.folder.highestModSeq;
    if (!this.hasGone) this.#safeModSeq = this.#modSeq;
    this.renamed(changes.folder);
    return { ...removed, added: this.#size - before, changed };
  }

  #missingIn(existing: Uint32Array): readonly Uid[] {
    const missing: Uid[] = [];
    let at = 0;
    for (let index = 0; index < this.#size; index++) {
      const uid = this.#uids[index]!;
      while (at < existing.length && existing[at]! < uid) at++;
      if (existing[at] !== uid) missing.push(uid as Uid);
    }
    return missing;
  }

  #append(uid: Uid): void {
    if (this.#size === this.#uids.length) {
      const grown = new Uint32Array(Math.max(CAPACITY_MIN, this.#size * 2));
      grown.set(this.#uids);
      this.#uids = grown;
    }
    this.#uids[this.#size++] = uid;
    if (this.isRecent(uid)) this.#recentCount++;
  }

  #removeGone(): Pick<ViewUpdate, 'expunged' | 'expungedSeqs'> {
    const expunged = [...this.#gone].sort((a, b) => a - b) as Uid[];
    const expungedSeqs: SeqNum[] = [];
    this.#gone.clear();
    let to = this.lowerBound(expunged[0]!);
    for (let index = to, next = 0; index < this.#size; index++) {
      const uid = this.#uids[index]!;
      if (uid === expunged[next]) {
        expungedSeqs.push((to + 1) as SeqNum);
        if (this.isRecent(uid as Uid)) this.#recentCount--;
        next++;
      } else this.#uids[to++] = uid;
    }
    this.#size = to;
    return { expunged, expungedSeqs };
  }
}

/** Whether rights allow to change anything in a folder (RFC 4314 §5.2; all flags are shared here). */
export function allowsWriting(rights: Rights): boolean {
  return WRITING.some((right) => hasRight(rights, right));
}

const WRITING: readonly Right[] = ['i', 'e', 's', 'w', 't'];

const NOTHING_REMOVED: Pick<ViewUpdate, 'expunged' | 'expungedSeqs'> = {
  expunged: [],
  expungedSeqs: [],
};
