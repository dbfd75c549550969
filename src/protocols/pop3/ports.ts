import type { Directory } from '#directory';
import type { MailboxId } from '#model';
import type { Mailbox } from '#store';

/** What a POP3 session asks of the directory. */
export type Pop3Directory = Pick<
  Directory,
  'saslMechanisms' | 'isSaslMechanism' | 'startSasl' | 'verifyPassword'
>;

/** What a POP3 session does with a mailbox. */
export type Pop3Mailbox = Pick<
  Mailbox,
  'folder' | 'entries' | 'contentBytes' | 'storeFlags' | 'expunge'
>;

/** What a POP3 session asks of the store. */
export interface Pop3Store {
  openMailbox(mailboxId: MailboxId, owner: string): Pop3Mailbox;
}
