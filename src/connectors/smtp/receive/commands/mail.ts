import { formatReply, isFault, type MailCommand, parseMail } from '#wire';
import { HELLO_FIRST, TOO_LARGE } from '../replies.ts';
import type { Session } from '../session.ts';
import { Transaction } from '../transaction.ts';

const SENDER_OK = formatReply(250, '2.1.0', 'Sender ok');
const NESTED = formatReply(503, '5.5.1', 'Nested MAIL command');
const AUTH_FIRST = formatReply(530, '5.7.0', 'Authentication required');
const TLS_FIRST = formatReply(530, '5.7.0', 'Must issue a STARTTLS command first');
const NOT_YOURS = formatReply(553, '5.7.1', 'This sender address does not belong to your mailbox');
const TOO_MANY_MESSAGES = formatReply(421, '4.7.0', 'Too many messages in this session');

// mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF                     ; RFC 5321 §4.1.1.2
export function mail(session: Session, rest: string): Promise<void> | void {
  const { limits, role } = session.receiver;
  if (session.hello === undefined) return session.refuse(HELLO_FIRST);
  if (session.transaction !== undefined) return session.refuse(NESTED);
  // RFC 4954 §6 and RFC 3207 §4: 530, as RFC 6409 §4.3 wants submission to be authenticated.
  if (role === 'submission' && session.account === undefined)
    return session.refuse(session.channelSecure ? AUTH_FIRST : TLS_FIRST);
  const command = parseMail(rest);
  if (isFault(command)) return session.refuse(command);
  // RFC 1870 §6.1
  if (command.sizeBytes !== undefined && command.sizeBytes > limits.sizeBytesMax)
    return session.refuse(TOO_LARGE);
  if (session.messages >= limits.messagesMax) return session.close(TOO_MANY_MESSAGES);
  if (role === 'submission' && command.from !== undefined) return checkSender(session, command);
  begin(session, command);
}

/** RFC 6409 §6.1: submitters may send only as themselves. */
async function checkSender(session: Session, command: MailCommand): Promise<void> {
  const owner = await session.receiver.directory.resolve(command.from!);
  if (owner.kind !== 'mailbox' || owner.mailboxId !== session.account?.mailboxId)
    return session.refuse(NOT_YOURS);
  begin(session, command);
}

function begin(session: Session, command: MailCommand): void {
  session.messages++;
  session.transaction = new Transaction(command);
  session.reply(SENDER_OK);
}
