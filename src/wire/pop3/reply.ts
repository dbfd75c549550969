/**
 * Response codes in use: IN-USE and LOGIN-DELAY of RFC 2449 §8.1 are not; SYS and AUTH are those of RFC 3206 §4.
 */
export type Pop3ResponseCode = 'SYS/TEMP' | 'SYS/PERM' | 'AUTH';

/** A positive reply, as a wire string. */
export function pop3Ok(text: string): string {
  return `+OK ${text}\r\n`;
}

/** A negative reply, with a response code (RFC 2449 §8) when one fits. */
export function pop3Err(text: string, code?: Pop3ResponseCode): string {
  return code === undefined ? `-ERR ${text}\r\n` : `-ERR [${code}] ${text}\r\n`;
}

/** A server challenge in an AUTH exchange (RFC 5034 §4). */
export function pop3Continue(data: Buffer): string {
  return `+ ${data.toString('base64')}\r\n`;
}
