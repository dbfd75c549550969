import { type DoorRefusal, type ErrorCode, errorInfo } from '#kernel';
import { formatReply } from '#wire';

/** The replies that more than one command gives; each is a wire string with its line end. */
export const OK = formatReply(250, '2.0.0', 'Ok');
export const NO_ARGUMENTS = formatReply(501, '5.5.4', 'No arguments are allowed');
export const HELLO_FIRST = formatReply(503, '5.5.1', 'Send EHLO first');
export const NEED_MAIL = formatReply(503, '5.5.1', 'Need MAIL command');
export const NEED_RCPT = formatReply(503, '5.5.1', 'Need RCPT command');
// RFC 2920 §3.1: DATA after nothing but refused recipients.
export const NO_VALID_RECIPIENTS = formatReply(554, '5.5.1', 'No valid recipients');
export const TOO_LARGE = formatReply(552, '5.3.4', 'Message exceeds the size limit');
export const SHUTTING_DOWN = formatReply(421, '4.3.2', 'The server is shutting down');
export const TOO_MANY_SESSIONS = formatReply(421, '4.3.2', 'Too many connections, try again later');
/** What a client is told that the door does not let in. */
export const DOOR_REFUSALS: Readonly<Record<DoorRefusal, string>> = {
  'too-many': TOO_MANY_SESSIONS,
  'too-many-of-address': formatReply(
    421,
    '4.7.0',
    'Too many connections from your address, try again later',
  ),
  'too-fast': formatReply(
    421,
    '4.7.0',
    'Too many connections from your address in a short time, try again in a minute',
  ),
};
export const SHOWN_OUT = formatReply(
  421,
  '4.3.2',
  'Too many connections and you have no recipient yet, try again later',
);
export const TOO_MANY_ERRORS = formatReply(421, '4.7.0', 'Too many errors');
export const TIMED_OUT = formatReply(421, '4.4.2', 'Timeout');
export const UNEXPECTED = errorReply('internal');

// RFC 5321 §2.3.8: CR and LF occur only together; RFC 5321 §4.1.1.4: <LF>.<LF> must not end the data. The code is the
// one that Postfix gives with smtpd_forbid_bare_newline = reject.
export const BARE_LINE_END = formatReply(
  550,
  '5.5.2',
  'Lines must end with CR LF; the message has a CR or LF alone',
);

/** The reply that the error table has for a code. */
export function errorReply(code: ErrorCode): string {
  const { smtp, text } = errorInfo(code);
  return formatReply(smtp[0], smtp[1], text);
}
