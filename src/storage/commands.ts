import type {
  Content,
  ContentId,
  FlagMask,
  FlagSet,
  FolderId,
  MailboxId,
  ModSeq,
  Rights,
  RightsOperation,
  SpecialUse,
  TrackingEvent,
  Uid,
  Verifiers,
} from '#model';

/** Inclusive uid ranges, ascending, not touching. */
export type UidRanges = readonly (readonly [first: Uid, last: Uid])[];

/** Names one folder. */
export interface FolderRef {
  readonly mailboxId: MailboxId;
  readonly folderId: FolderId;
}

/** A place for one of the contents of an ingest. */
export interface IngestTarget extends FolderRef {
  /** Index into `contents`. */
  readonly content: number;
  readonly flags: FlagSet;
  readonly keywords: readonly string[];
  readonly internalMs: number;
  /** Refuse the whole ingest with `over-quota` when this target would exceed its mailbox's quota. */
  readonly enforceQuota: boolean;
  /** Gives the session that puts it there what of the folder nobody had as \Recent, up to this entry: `claim-recent` in the same commit. */
  readonly claimsRecent?: boolean;
}

/** Puts contents into folders: all of it or nothing, together with the tracking of it. */
export interface Ingest {
  readonly kind: 'ingest';
  readonly contents: readonly Content[];
  readonly targets: readonly IngestTarget[];
  readonly tracking: readonly TrackingEvent[];
}
export interface IngestedEntry {
  readonly uid: Uid;
  readonly uidValidity: number;
  readonly modSeq: ModSeq;
  /** The lowest uid that was claimed as \Recent with it. */
  readonly recentFrom?: Uid;
}
export interface Ingested {
  /**
   * One for each target, in order. Undefined where a mailbox is owed its part: it is durable and cannot be lost, but another
   * mailbox has its part already and this one, on a server of its own that cannot be reached now, gets it later.
   */
  readonly entries: readonly (IngestedEntry | undefined)[];
}

/** Changes flags and keywords; entries changed after `unchangedSince` are left alone and reported (RFC 7162 §3.1.3). */
export interface StoreFlags extends FolderRef {
  readonly kind: 'store-flags';
  readonly uids: UidRanges;
  readonly operation: 'add' | 'remove' | 'replace';
  readonly flags: FlagSet;
  readonly keywords: readonly string[];
  readonly unchangedSince: ModSeq | undefined;
  /** What may be changed, the rest stays as it is: also what `replace` would take away. Left out: everything. */
  readonly within?: FlagMask;
}
export interface FlagsStored {
  readonly modSeq: ModSeq;
  /** Uids whose flags really changed, ascending. */
  readonly changed: readonly Uid[];
  /** Uids left alone because of `unchangedSince`, ascending. */
  readonly modified: readonly Uid[];
}

/** Copies or moves entries to another folder, keeping flags, keywords and dates. Missing uids are passed over. */
export interface Copy extends FolderRef {
  readonly kind: 'copy';
  readonly uids: UidRanges;
  readonly to: FolderRef;
  readonly move: boolean;
  /** Which flags the copies keep; left out: all. */
  readonly keeping?: FlagMask;
}
export interface Copied {
  readonly uidValidity: number;
  /** Source uids, ascending; their copies are `firstUid`, `firstUid`+1, … */
  readonly uids: readonly Uid[];
  readonly firstUid: Uid;
}

/** Removes entries for good. */
export interface Expunge extends FolderRef {
  readonly kind: 'expunge';
  /** Which; undefined is all. */
  readonly uids: UidRanges | undefined;
  /** Only those that carry \Deleted. */
  readonly onlyDeleted: boolean;
}
export interface Expunged {
  readonly modSeq: ModSeq;
  readonly uids: readonly Uid[];
}

/**
 * Creates a folder, and the missing ones above it; they have the rights of the nearest folder above that there was (RFC 4314
 * §4). @throws folder-exists, special-use, too-many
 */
export interface CreateFolder {
  readonly kind: 'create-folder';
  readonly mailboxId: MailboxId;
  readonly name: string;
  readonly specialUse: SpecialUse | undefined;
}
/**
 * Renames a folder and all below it; creates missing parents. Renaming INBOX moves its messages to a new folder and
 * leaves INBOX empty (RFC 9051 §6.3.6).
 */
export interface RenameFolder extends FolderRef {
  readonly kind: 'rename-folder';
  readonly name: string;
}
/** Removes a folder with its entries. @throws folder-has-children, folder-fixed for INBOX */
export interface DeleteFolder extends FolderRef {
  readonly kind: 'delete-folder';
}
/** An annotation as it shall be. */
export interface AnnotationChange {
  /** Its full name in lower case: `/shared/comment`, `/private/vendor/…`. Each once in a command. */
  readonly entry: string;
  /** At most `ANNOTATION_BYTES_MAX`; undefined: there is none any more. */
  readonly value: Uint8Array | undefined;
}
/** What is set together: all of it or nothing. */
export interface AnnotationChanges {
  /** What everybody sees. */
  readonly shared: readonly AnnotationChange[];
  /** What only `viewerId` sees. */
  readonly own: readonly AnnotationChange[];
  readonly viewerId: MailboxId;
}
/** Annotates a folder (RFC 5464 §4.3). @throws no-folder, too-many */
export interface SetAnnotations extends FolderRef, AnnotationChanges {
  readonly kind: 'set-annotations';
}
/** Annotates the server; what only `viewerId` sees is kept in its own mailbox. @throws no-mailbox, too-many */
export interface SetServerAnnotations extends AnnotationChanges {
  readonly kind: 'set-server-annotations';
}
/** Changes what somebody else than the owner may do in a folder (RFC 4314 §3.1). @throws no-folder, too-many */
export interface SetAcl extends FolderRef {
  readonly kind: 'set-acl';
  /** A mailbox, or `ANYONE`. */
  readonly granteeId: MailboxId;
  /** Rights that are taken away from what other grants give (RFC 4314 §2). */
  readonly negative: boolean;
  readonly operation: RightsOperation;
  readonly rights: Rights;
}
/** Adds or removes a name in the subscriptions; the folder need not exist (RFC 9051 §6.3.7). */
export interface Subscribe {
  readonly kind: 'subscribe';
  readonly mailboxId: MailboxId;
  readonly name: string;
  readonly on: boolean;
}
/**
 * Gives this session the \Recent of all entries that had none (RFC 3501 §2.3.2); others will not see them recent. Nobody waits for the
 * disk: after a power failure somebody else may see them recent again.
 */
export interface ClaimRecent extends FolderRef {
  readonly kind: 'claim-recent';
}

/** Uids from `from` up to, but not including, `to` are recent for whoever claimed. */
export interface RecentClaimed {
  readonly from: Uid;
  readonly to: Uid;
}

export interface AddDomain {
  readonly kind: 'add-domain';
  readonly domain: string;
}
export interface RemoveDomain {
  readonly kind: 'remove-domain';
  readonly domain: string;
}
/** Creates a mailbox with INBOX and the given further folders. */
export interface AddMailbox {
  readonly kind: 'add-mailbox';
  /** Primary address in key form. */
  readonly address: string;
  readonly verifiers: Verifiers | undefined;
  readonly quotaBytes: number | undefined;
  readonly folders: readonly {
    readonly name: string;
    readonly specialUse: SpecialUse | undefined;
  }[];
  readonly nowMs: number;
}
export interface RemoveMailbox {
  readonly kind: 'remove-mailbox';
  readonly mailboxId: MailboxId;
}
/** Replaces both limits of a mailbox; undefined is none. What is over a new one stays, and nothing more comes in. @throws no-mailbox */
export interface SetQuota {
  readonly kind: 'set-quota';
  readonly mailboxId: MailboxId;
  readonly quotaBytes: number | undefined;
  readonly quotaMessages: number | undefined;
}
export interface SetVerifiers {
  readonly kind: 'set-verifiers';
  readonly mailboxId: MailboxId;
  readonly verifiers: Verifiers;
}
/** Gives a mailbox a further (proxy) address, or takes one away; the primary one stays. */
export interface ChangeAddress {
  readonly kind: 'change-address';
  readonly mailboxId: MailboxId;
  readonly address: string;
  readonly on: boolean;
}
/** Removes a bounded amount of content that nothing refers to any more, of old change-log rows and of old tracking. */
export interface CleanUp {
  readonly kind: 'clean-up';
  /** How many of each. */
  readonly contentsMax: number;
  readonly keepChanges: number;
  /** Tracking events from before this go; undefined keeps them all. */
  readonly trackingBeforeMs?: number;
}
export interface CleanedUp {
  readonly contents: number;
  /** Blobs that are unreferenced now; the caller removes them. */
  readonly blobs: readonly string[];
  /** There is more to remove. */
  readonly more: boolean;
}

interface Signatures {
  ingest: [Ingest, Ingested];
  'store-flags': [StoreFlags, FlagsStored];
  copy: [Copy, Copied];
  expunge: [Expunge, Expunged];
  'create-folder': [CreateFolder, { readonly folderId: FolderId }];
  'rename-folder': [RenameFolder, { readonly folderId: FolderId }];
  'delete-folder': [DeleteFolder, { readonly name: string }];
  'set-annotations': [SetAnnotations, { readonly changed: boolean }];
  'set-server-annotations': [SetServerAnnotations, { readonly changed: boolean }];
  'set-acl': [SetAcl, { readonly changed: boolean }];
  subscribe: [Subscribe, { readonly changed: boolean }];
  'claim-recent': [ClaimRecent, RecentClaimed];
  'add-domain': [AddDomain, { readonly added: boolean }];
  'remove-domain': [RemoveDomain, { readonly removed: boolean }];
  'add-mailbox': [AddMailbox, { readonly mailboxId: MailboxId }];
  'remove-mailbox': [RemoveMailbox, { readonly removed: boolean }];
  'set-quota': [SetQuota, { readonly modSeq: ModSeq }];
  'set-verifiers': [SetVerifiers, { readonly changed: boolean }];
  'change-address': [ChangeAddress, { readonly changed: boolean }];
  'clean-up': [CleanUp, CleanedUp];
}

/** Every way in which durable state can change. */
export type Command = Signatures[keyof Signatures][0];
export type CommandOf<Kind extends Command['kind']> = Signatures[Kind][0];
export type OutcomeOf<Kind extends Command['kind']> = Signatures[Kind][1];

/** Whether a command must be durable when it is answered: all but those whose loss nobody would notice. */
export function isDurable(command: Command): boolean {
  return command.kind !== 'claim-recent';
}
/** The shared content of many copies, as entries refer to it. */
export type { ContentId };
