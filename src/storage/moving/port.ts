import type { Folder, MailboxId, ModSeq, Uid } from '#model';
import type { Blobs } from '../blobs/port.ts';
import type { FolderRef, UidRanges } from '../commands.ts';

/** By what a mailbox can be seen to have changed: two stamps are equal when there is nothing to follow. */
export interface MailboxStamp {
  readonly mailboxId: MailboxId;
  readonly modSeq: ModSeq;
  readonly logFloor: number;
  /** Sum of the folders' `recentFrom`, which only rise: claims of \Recent leave the modseq alone. */
  readonly recents: number;
  /** Known keywords, which only become more: one that no entry took leaves the modseq alone. */
  readonly keywords: number;
}

/** A mailbox's own row. */
export interface MovedMailbox {
  readonly mailboxId: MailboxId;
  readonly modSeq: ModSeq;
  readonly nextFolderId: number;
  readonly lastUidValidity: number;
  readonly usedBytes: number;
  readonly usedMessages: number;
  readonly quotaBytes: number | undefined;
  readonly quotaMessages: number | undefined;
  readonly logFloor: number;
}

/** Rights on a folder; grantee 0 is everybody. */
export interface MovedRights {
  readonly folderId: number;
  readonly granteeId: number;
  readonly negative: number;
  readonly rights: string;
}

/** An annotation of a folder, or of the mailbox where `folderId` is 0; viewer 0 is everybody, the value is in base64. */
export interface MovedAnnotation {
  readonly folderId: number;
  readonly viewerId: number;
  readonly entry: string;
  readonly value: string;
}

/** All of a mailbox but its messages and its change log, of one snapshot. */
export interface MailboxParts {
  readonly mailbox: MovedMailbox;
  readonly folders: readonly Folder[];
  readonly subscriptions: readonly string[];
  readonly keywords: readonly { readonly folded: string; readonly name: string }[];
  readonly rights: readonly MovedRights[];
  readonly annotations: readonly MovedAnnotation[];
}

export interface MovedEntry {
  readonly folderId: number;
  readonly uid: number;
  /** As the source numbers it. */
  readonly contentId: number;
  readonly flags: number;
  /** In the stored form ` a b `. */
  readonly keywords: string;
  readonly modSeq: number;
  readonly internalMs: number;
  readonly savedMs: number;
  readonly sizeBytes: number;
}

/** A content with its bytes. Envelope and structures are wire strings. */
export interface MovedContent {
  /** As the source numbers it. */
  readonly contentId: number;
  readonly sizeBytes: number;
  readonly headBytes: number;
  readonly sentAtMs: number | null;
  readonly blob: string | null;
  readonly messageId: string | null;
  readonly subject: string;
  readonly envelope: string;
  readonly bodyStructure: string;
  readonly bodyShort: string;
  readonly structure: string;
  readonly preview: string;
  readonly hash: Uint8Array;
  readonly head: Uint8Array;
  /** Null when the body is a blob. */
  readonly body: Uint8Array | null;
}

/** A row of the change log; kinds: a(dded), f(lags), v(anished). */
export interface MovedChange {
  readonly modSeq: number;
  readonly folderId: number;
  readonly kind: string;
  /** `1:3,7`; ranges may touch, overlap and stand in any order. */
  readonly uids: string;
}

export interface MovedRecipient {
  readonly mailboxId: MailboxId;
  readonly address: string;
  readonly createdAtMs: number;
  readonly argon2id: string | null;
  readonly scramSha256: string | null;
}

export interface MovedAddress {
  readonly address: string;
  readonly domain: string;
  readonly mailboxId: MailboxId;
}

export interface MovedServerAnnotation {
  readonly entry: string;
  readonly value: string;
}

/** A step of tracking in the order of the columns: at, event, source, submission, message id, sender, recipients, status, size, subject, client. */
export type MovedTracking = readonly (string | number)[];

/** What of a folder changed since a modseq. */
export interface EntryNews {
  /** Uids of entries added or changed. */
  readonly touched: readonly Uid[];
  /** Undefined when the log does not reach back so far: whoever needs them compares with the uids that exist. */
  readonly vanished: readonly Uid[] | undefined;
}

/** Where a copy of a mailbox stands: this entry is copied, and all before it. */
export interface Position {
  readonly folderId: number;
  readonly uid: number;
}

/** A part of a table in the order of its key: all rows above `after` up to and with `through`, or to the end where that is undefined. */
export interface Page<Key, Row> {
  readonly after: Key;
  readonly through: Key | undefined;
  readonly rows: readonly Row[];
}

/** The parts of the directory, each in the order of its key. */
export interface DirectoryPages {
  readonly domains: Page<string, string>;
  readonly recipients: Page<number, MovedRecipient>;
  readonly addresses: Page<string, MovedAddress>;
  readonly serverAnnotations: Page<string, MovedServerAnnotation>;
}
export type DirectoryTable = keyof DirectoryPages;

/** What both sides of a move can say of themselves. */
export interface MoveSide extends AsyncDisposable {
  /** For messages to the operator. */
  readonly shown: string;
  readonly blobs: Blobs;
  /** Stamps of mailboxes with ids above `after`, ascending. Of the target, those that are being copied too, with modseq 0. */
  stamps(after: number, limit: number): Promise<readonly MailboxStamp[]>;
  /** Undefined when the mailbox is not there. */
  mailboxParts(mailboxId: MailboxId): Promise<MailboxParts | undefined>;
  /** All uids of a folder, ascending. */
  uids(ref: FolderRef): Promise<Uint32Array>;
  /** Checksums over the entries and the change log of a mailbox, lines in no order. */
  sums(mailboxId: MailboxId): Promise<readonly string[]>;
  /** How many messages there are. */
  messages(): Promise<number>;
}

/** A store that is read from while it is served. Each call sees the newest commit; what it gives is bounded. */
export interface MoveSource extends MoveSide {
  /** Names this very store, for as long as it exists. */
  id(): Promise<string>;
  /** Once nobody writes: does what is still owed, so that what can be read is all there is. @throws {unavailable} */
  settle(): Promise<void>;
  directory<Table extends DirectoryTable>(
    table: Table,
    after: DirectoryPages[Table]['after'],
    limit: number,
  ): Promise<DirectoryPages[Table]>;
  /** The id that the next mailbox will get. */
  nextMailboxId(): Promise<number>;
  /** Entries of a mailbox behind a position, in the order of folder and uid. */
  entriesAfter(
    mailboxId: MailboxId,
    after: Position,
    limit: number,
  ): Promise<readonly MovedEntry[]>;
  /** Those of the named entries that exist, in the order of the uids. */
  entries(ref: FolderRef, uids: UidRanges): Promise<readonly MovedEntry[]>;
  /** Those of the contents that exist, in any order. */
  contents(mailboxId: MailboxId, contentIds: readonly number[]): Promise<readonly MovedContent[]>;
  /** Undefined when the folder is gone. */
  news(ref: FolderRef, since: ModSeq): Promise<EntryNews | undefined>;
  /** Rows of the change log behind a place, in the order of modseq, folder and kind. */
  changeLog(
    mailboxId: MailboxId,
    after: Pick<MovedChange, 'modSeq' | 'folderId' | 'kind'>,
    limit: number,
  ): Promise<readonly MovedChange[]>;
  /** The newest events, oldest first, in batches. */
  tracking(newest: number, batch: number): AsyncIterable<readonly MovedTracking[]>;
}

/** Where the copy of a mailbox began and how far it is. */
export interface CopyState extends Position {
  /** The source's modseq from before the first entry was read. */
  readonly fromModSeq: ModSeq;
}

/**
 * A store that is being filled and that nobody serves. Each call is atomic and durable or does as if it never was; each may be made
 * again.
 */
export interface MoveTarget extends MoveSide {
  /**
   * Begins or goes on. Until `finish` no server takes the data.
   * @throws {not-empty} when there is something in it that is not the begun copy of that source
   */
  begin(sourceId: string): Promise<void>;
  /** Undefined when no copy of the mailbox is under way: then it has not begun, or is there as a whole. */
  copyState(mailboxId: MailboxId): Promise<CopyState | undefined>;
  beginCopy(mailboxId: MailboxId, fromModSeq: ModSeq): Promise<void>;
  putDirectory<Table extends DirectoryTable>(
    table: Table,
    page: DirectoryPages[Table],
  ): Promise<void>;
  /** Those of the source's contents that are not there yet. */
  missingContents(
    mailboxId: MailboxId,
    contentIds: readonly number[],
  ): Promise<ReadonlySet<number>>;
  /** Writes contents and reads them again. Their blobs are there already. @throws {corrupt} when one is not what it was */
  putContents(mailboxId: MailboxId, contents: readonly MovedContent[]): Promise<void>;
  /** Adds or replaces entries, whose contents are there; notes how far a copy has come. */
  putEntries(
    mailboxId: MailboxId,
    entries: readonly MovedEntry[],
    reached: Position | undefined,
  ): Promise<void>;
  removeEntries(ref: FolderRef, uids: readonly number[]): Promise<void>;
  putChanges(mailboxId: MailboxId, rows: readonly MovedChange[]): Promise<void>;
  /** Replaces all but messages and change log; removes what is in folders that are gone. A copy under way is whole with it. */
  putParts(parts: MailboxParts): Promise<void>;
  removeMailbox(mailboxId: MailboxId): Promise<void>;
  /** Replaces all tracking. */
  clearTracking(): Promise<void>;
  addTracking(events: readonly MovedTracking[]): Promise<void>;
  /** What takes long and can be done before the source has to stand still. */
  prepareFinish(): Promise<void>;
  /**
   * Counts the references to contents, notes what none has, keeps ids from being used again, and makes it a store like any other.
   * @throws {corrupt} when an entry has no content
   */
  finish(nextMailboxId: number): Promise<void>;
}
