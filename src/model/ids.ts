declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A mailbox of the organization; never used again after its removal. */
export type MailboxId = Branded<number, 'MailboxId'>;
/** A folder of a mailbox; unique in the mailbox, never used again. INBOX is always 1. */
export type FolderId = Branded<number, 'FolderId'>;
/** The bytes of a message, shared by every folder entry that shows it. */
export type ContentId = Branded<number, 'ContentId'>;
/** A message's number in its folder, 1 to 2^32-1, rising for ever (RFC 9051 §2.3.1.1). */
export type Uid = Branded<number, 'Uid'>;
/** A message's place in a session's view of a folder, from 1 (RFC 9051 §2.3.1.2). */
export type SeqNum = Branded<number, 'SeqNum'>;
/** A mailbox's change counter; each change has one higher than all before (RFC 7162 §3.1). */
export type ModSeq = Branded<number, 'ModSeq'>;
/** Printed in the 250 reply, the trace header and each tracking event of a submission. */
export type SubmissionId = Branded<string, 'SubmissionId'>;

export const UID_MAX = 0xffff_ffff;
export const INBOX_ID = 1 as FolderId;
/** In place of a folder where annotations are: the server, as a mailbox sees it. */
export const SERVER_ID = 0 as FolderId;
