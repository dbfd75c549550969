/**
 * Doors to other systems. A connector takes messages from another system and hands them to transfer; it never sees the
 * store.
 *
 * smtp/receive: the server side of SMTP in two roles, `mx` (port 25: mail for this organization's mailboxes from anybody)
 * and `submission` (mail from users who have proved who they are). One file for each command, the table of commands in
 * dispatch.ts, what a session remembers in session.ts. Grammar and mail data are decoded by the wire room; who an address
 * belongs to is the directory's answer; `250` for a message is said only after transfer made it durable.
 *
 * Callers open the listening sockets and give each accepted one to `SmtpReceiver.accept`; `stop` ends what is open.
 */
export { DEFAULT_RECEIVE_LIMITS, type ReceiveLimits } from './smtp/receive/limits.ts';
export { SmtpReceiver, type SmtpReceiverOptions } from './smtp/receive/receiver.ts';
