import type { Envelope, MailboxId } from '#model';

/**
 * Decides where each recipient of an envelope is delivered. The doors have resolved recipients already; what remains is that
 * several of them may lead to one mailbox, which gets the message once.
 */
export function categorize(envelope: Envelope): readonly MailboxId[] {
  return [...new Set(envelope.recipients.map((recipient) => recipient.mailboxId))];
}
