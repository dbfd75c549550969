/**
 * The Information Store: mailboxes, folders, messages, and the hub that tells of changes.
 *
 * Every message enters through `ingest` (deliveries, IMAP APPEND, imports). Its bytes are collected by an `Incoming`, which
 * reads off the properties that are kept beside them; bodies at or above the blob threshold go to a file on the way.
 * Every change leaves through the hub: after a commit, and never before, `Mailbox.watch` calls back with a hint;
 * `Mailbox.changes` reads the change log, which is the truth.
 *
 * A session works through a `Mailbox`: one mailbox in one session's name, its own or another's of which folders are shared with it.
 * What the session may do there is asked before each write, and remembered for reads until a hint comes. Folder names are full paths
 * with `/`, in NFC; a `Namespace` says which mailbox and folder a name leads to.
 * Callers own nothing but disposables: an `Incoming` until it is finished, a watch until it is disposed.
 */

export type {
  Annotation,
  AnnotationChange,
  AnnotationChanges,
  Copied,
  Entry,
  EntryColumns,
  EntryState,
  Expunged,
  FlagsStored,
  FolderChanges,
  Grant,
  Ingest,
  Ingested,
  IngestTarget,
  OpenedFolder,
  Problem,
  RecentClaimed,
  StateBounds,
  UidRanges,
} from '#storage';
export { ANNOTATION_BYTES_MAX } from '#storage';
export { flagsAllowed } from './access.ts';
export type { Appended, NewMessage } from './append.ts';
export { checkFolderName, isOthers, OTHERS } from './folder-name.ts';
export { Incoming } from './incoming.ts';
export { Mailbox } from './mailbox.ts';
export { type Found, Namespace, type Place } from './namespace.ts';
export { Store } from './store.ts';
