import { assertNever } from '#kernel';
import { formatReply, INTERNATIONAL_ADDRESS, isFault, parseRcpt, type RcptCommand } from '#wire';
import { NEED_MAIL } from '../replies.ts';
import type { Session } from '../session.ts';
import type { Transaction } from '../transaction.ts';

const RECIPIENT_OK = formatReply(250, '2.1.5', 'Recipient ok');
const UNKNOWN = formatReply(550, '5.1.1', 'No such mailbox here');
const RELAYING_DENIED = formatReply(550, '5.7.1', 'Relaying denied');
const NO_ROUTE = formatReply(550, '5.7.1', 'This server has no route to other domains yet');
const CONTENT_BEGUN = formatReply(503, '5.5.1', 'The message has begun already');
// RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest in another transaction.
const TOO_MANY = formatReply(452, '4.5.3', 'Too many recipients');

// rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
// RFC 5321 §4.1.1.3
export function rcpt(session: Session, rest: string): Promise<void> | void {
  const transaction = session.transaction;
  if (transaction === undefined) return session.refuse(NEED_MAIL);
  if (transaction.body !== undefined) return session.refuse(CONTENT_BEGUN);
  const command = parseRcpt(rest);
  if (isFault(command)) return refuse(session, transaction, command);
  if (command.international && !transaction.mail.smtpUtf8)
    return refuse(session, transaction, INTERNATIONAL_ADDRESS);
  if (transaction.accepted >= session.receiver.limits.recipientsMax) return session.reply(TOO_MANY);
  return resolve(session, transaction, command);
}

async function resolve(
  session: Session,
  transaction: Transaction,
  command: RcptCommand,
): Promise<void> {
  const { directory, hostname, role } = session.receiver;
  const found = await (command.bare
    ? directory.resolvePostmaster()
    : directory.resolve(command.to));
  switch (found.kind) {
    case 'mailbox':
      transaction.add({
        address: command.bare ? { local: command.to.local, domain: hostname } : command.to,
        mailboxId: found.mailboxId,
        notify: command.notify,
        originalRecipient: command.originalRecipient,
      });
      // Whoever has mail for somebody here is no newcomer any more.
      session.connection.guest?.settle();
      return session.reply(RECIPIENT_OK);
    case 'unknown-recipient':
      return refuse(session, transaction, UNKNOWN);
    case 'not-local':
      return refuse(session, transaction, role === 'mx' ? RELAYING_DENIED : NO_ROUTE);
    default:
      return assertNever(found);
  }
}

function refuse(
  session: Session,
  transaction: Transaction,
  reply: Parameters<Session['refuse']>[0],
): void {
  transaction.refused++;
  session.refuse(reply);
}
