import type {
  ContentId,
  FlagSet,
  Folder,
  FolderId,
  Login,
  MailboxId,
  MailboxInfo,
  ModSeq,
  Rights,
  TrackingEvent,
  Uid,
} from '#model';
import type { FolderRef, UidRanges } from './commands.ts';

/** A folder's picture as of one snapshot. */
export interface OpenedFolder {
  readonly folder: Folder;
  /** All uids, ascending. */
  readonly uids: Uint32Array;
  /** Keywords in use in the mailbox. */
  readonly keywords: readonly string[];
  /** The first unseen uid, if any (UNSEEN of RFC 3501 §7.1). */
  readonly firstUnseen: Uid | undefined;
}

/** Flags of one entry. */
export interface EntryState {
  readonly uid: Uid;
  readonly modSeq: ModSeq;
  readonly flags: FlagSet;
  /** Keywords separated by single spaces; '' when there are none. */
  readonly keywords: string;
}

/** What happened to a folder since a modseq. */
export interface FolderChanges {
  readonly folder: Folder;
  /**
   * False when the log does not reach back far enough to name every vanished uid: then `vanished` is undefined, and
   * whoever needs them compares with the uids that exist.
   */
  readonly vanished: readonly Uid[] | undefined;
  /** Entries added or changed since, as they are now, ascending by uid. */
  readonly entries: readonly EntryState[];
}

/** Which parts of an entry are wanted beside its state, dates and size. */
export interface EntryColumns {
  /** When the message's bytes are all that is wanted: of the fixed ones uid, content and size are read, the others are 0 or ''. */
  readonly only?: 'bytes' | undefined;
  readonly envelope?: boolean;
  readonly bodyStructure?: boolean;
  readonly bodyShort?: boolean;
  readonly structure?: boolean;
  readonly preview?: boolean;
  readonly head?: boolean;
  /** The body's bytes where they are kept in the database; large ones come by `body()`. */
  readonly body?: boolean;
  /** What is asked for of head and body comes as `Entry.wire` and not in `head` and `body`: much faster for text. A body comes with its head. */
  readonly wire?: boolean;
  readonly hash?: boolean;
  /** Length of the head, blob, and but for `bytes` the date of the message: implied by every other column but the state. */
  readonly content?: boolean;
  readonly subject?: boolean;
}

/** An entry with the columns asked for; what was not asked for is undefined. */
export interface Entry extends EntryState {
  readonly contentId: ContentId;
  readonly internalMs: number;
  readonly savedMs: number;
  readonly sizeBytes: number;
  readonly sentAtMs: number | undefined;
  readonly headBytes: number;
  readonly envelope: string | undefined;
  readonly bodyStructure: string | undefined;
  readonly bodyShort: string | undefined;
  readonly structure: string | undefined;
  readonly preview: string | undefined;
  readonly subject: string | undefined;
  readonly head: Buffer | undefined;
  /** Undefined when not asked for, and when the body is a blob. */
  readonly body: Buffer | undefined;
  /**
   * The message as a wire string (each character a byte) from its first byte on: the head, and the body where that was asked for and is no
   * blob. Undefined when not asked for, and where a head alone is large; it may be undefined as well when the message vanished meanwhile.
   */
  readonly wire: string | undefined;
  readonly blob: string | undefined;
  readonly hash: Buffer | undefined;
}

/** Of which entries the flags are wanted. */
export interface StateQuery extends FolderRef {
  readonly uids: UidRanges;
  /** Only entries with a higher modseq. */
  readonly changedSince?: ModSeq | undefined;
  /** At most this many, lowest uids first; the caller goes on above the last one it got. */
  readonly limit: number;
}

/** What flags and internal dates entries have. */
export interface StateBounds {
  /** Of these flags they have exactly `flags`. */
  readonly among: FlagSet;
  readonly flags: FlagSet;
  readonly fromMs: number;
  /** Not this and none after it. */
  readonly beforeMs: number;
}

export interface EntryQuery extends FolderRef {
  readonly uids: UidRanges;
  readonly columns: EntryColumns;
  /** Only entries with a higher modseq. */
  readonly changedSince?: ModSeq;
  /** Only entries within these bounds. */
  readonly within?: StateBounds | undefined;
  /** At most this many, lowest uids first; the caller goes on above the last one it got. */
  readonly limit: number;
  /** No more once those that are there have this many octets (`sizeBytes`) together; the caller goes on as at the limit. */
  readonly bytesMax?: number | undefined;
}

/** How far below a named entry an answer reaches: not, one level, all levels (RFC 5464 §4.2.2). */
export type AnnotationDepth = 0 | 1 | 'infinity';

/** Which entries of which place, as `viewerId` sees them: everybody's and its own. */
export interface AnnotationQuery {
  readonly mailboxId: MailboxId;
  /** A folder; `SERVER_ID` for what the mailbox notes of the server; undefined for all folders. */
  readonly folderId: FolderId | undefined;
  readonly viewerId: MailboxId;
  /** Full names in lower case. */
  readonly entries: readonly string[];
  readonly depth: AnnotationDepth;
}

export interface Annotation {
  readonly folderId: FolderId;
  readonly entry: string;
  readonly value: Buffer;
}
/** What an access control list grants to one. */
export interface Grant {
  readonly folderId: FolderId;
  /** A mailbox, or `ANYONE`. */
  readonly granteeId: MailboxId;
  /** The primary address of the mailbox; undefined for `ANYONE`. */
  readonly address: string | undefined;
  readonly negative: boolean;
  readonly rights: Rights;
}

/** A folder that somebody shares. */
export interface SharedFolder {
  /** The owner's primary address. */
  readonly owner: string;
  readonly folder: Folder;
  /** What who asks may do there. */
  readonly rights: Rights;
}

/** Where an address leads. */
export type AddressTarget =
  | { readonly kind: 'mailbox'; readonly mailboxId: MailboxId }
  | { readonly kind: 'unknown-address' }
  | { readonly kind: 'unknown-domain' };

/** One finding of `check`. */
export interface Problem {
  readonly kind: 'checksum' | 'reference' | 'counter' | 'database' | 'blob' | 'index';
  readonly text: string;
}

export interface Counts {
  readonly mailboxes: number;
  readonly folders: number;
  readonly messages: number;
  readonly contents: number;
}

/** Questions to a snapshot. None waits for a writer. */
export interface Reads {
  folders(mailboxId: MailboxId): Promise<readonly Folder[]>;
  folderByName(mailboxId: MailboxId, name: string): Promise<Folder | undefined>;
  folder(ref: FolderRef): Promise<Folder | undefined>;
  subscriptions(mailboxId: MailboxId): Promise<readonly string[]>;
  /** Octets of the entries that carry \Deleted together; 0 when the folder is gone. */
  deletedBytes(ref: FolderRef): Promise<number>;
  openFolder(ref: FolderRef): Promise<OpenedFolder | undefined>;
  /**
   * What happened to a folder since a modseq; undefined when it is gone. Entries that nothing changed but flags, by one of the changes that are `known`, may
   * be left out: who has changed a million messages need not read them again. Where more than `entriesMax` were changed none is
   * named, and `vanished` is undefined.
   */
  changes(
    ref: FolderRef,
    since: ModSeq,
    known?: readonly ModSeq[],
    entriesMax?: number,
  ): Promise<FolderChanges | undefined>;
  entries(query: EntryQuery): Promise<readonly Entry[]>;
  /** Flags alone: of many entries far cheaper than the entries. */
  states(query: StateQuery): Promise<readonly EntryState[]>;
  /** Bytes [start, end) of a whole message (head and body) that a mailbox shows; undefined when the content is gone. */
  contentBytes(
    mailboxId: MailboxId,
    contentId: ContentId,
    start: number,
    end: number,
  ): Promise<Buffer | undefined>;

  /**
   * What others than the owner may do in a folder, or in all of a mailbox: first everybody, then by address; nobody who has no
   * mailbox any more.
   */
  acl(mailboxId: MailboxId, folderId?: FolderId): Promise<readonly Grant[]>;
  /**
   * What somebody may do in another's folders: what is granted to it or to everybody, less what is taken away. A folder where that is
   * nothing is left out.
   */
  rights(mailboxId: MailboxId, granteeId: MailboxId): Promise<ReadonlyMap<FolderId, Rights>>;
  /** The folders of others that somebody may look up, by owner and name; of more than `limit` the first ones. */
  sharedWith(granteeId: MailboxId, limit: number): Promise<readonly SharedFolder[]>;

  addressTarget(domain: string, address: string): Promise<AddressTarget>;
  mailbox(mailboxId: MailboxId): Promise<MailboxInfo | undefined>;
  /** Mailboxes with an id above `after`, ascending. */
  mailboxes(after: MailboxId, limit: number): Promise<readonly MailboxInfo[]>;
  login(mailboxId: MailboxId): Promise<Login | undefined>;
  domains(): Promise<readonly { readonly domain: string; readonly mailboxes: number }[]>;

  /** Annotations by folder and entry. */
  annotations(query: AnnotationQuery): Promise<readonly Annotation[]>;
  /** The server's annotations that everybody sees, by entry. */
  serverAnnotations(
    query: Pick<AnnotationQuery, 'entries' | 'depth'>,
  ): Promise<readonly Omit<Annotation, 'folderId'>[]>;

  /** Those of the blobs that no content refers to. */
  strayBlobs(blobs: readonly string[]): Promise<readonly string[]>;
  tracking(limit: number): Promise<readonly TrackingEvent[]>;
  counts(): Promise<Counts>;
  /** Verifies everything: the database's own structure, references, counters, checksums of all content. */
  check(progress?: (done: number, total: number) => void): AsyncIterable<Problem>;
}

export type { FolderId };
