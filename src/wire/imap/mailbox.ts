import * as c from './chars.ts';
import type { Cursor } from './parser.ts';
import { decodeUtf7 } from './utf7.ts';

/**
 * A mailbox name as text in NFC, "INBOX" in upper case whatever the client wrote.
 *
 * ```abnf
 * mailbox = "INBOX" / astring    ; INBOX is case-insensitive
 * ```
 * RFC 9051 §5.1, RFC 3501 §5.1.
 */
export function readMailbox(cursor: Cursor): string {
  return canonicalMailbox(decodeName(cursor, cursor.astringBytes('a mailbox name')));
}

/**
 * A mailbox name with wildcards, as text in NFC. One that is not modified UTF-7 is taken as it is: it can name nothing,
 * and a client that probes the grammar gets an empty list.
 *
 * ```abnf
 * list-mailbox = 1*list-char / string
 * ```
 */
export function readListMailbox(cursor: Cursor): string {
  const start = cursor.pos;
  const atom = cursor.run(c.LIST);
  const bytes =
    atom === ''
      ? cursor.stringBytes('a mailbox name or pattern')
      : cursor.bytes.subarray(start, cursor.pos);
  if (cursor.utf8Names) return decodeName(cursor, bytes);
  const wire = bytes.toString('latin1');
  return (decodeUtf7(wire) ?? wire).normalize('NFC');
}

function decodeName(cursor: Cursor, bytes: Buffer): string {
  if (cursor.utf8Names) return cursor.text(bytes).normalize('NFC');
  const name = decodeUtf7(bytes.toString('latin1'));
  if (name !== undefined) return name.normalize('NFC');
  return cursor.reject('the mailbox name is not modified UTF-7', 'NO', 'CANNOT');
}

/** "INBOX" for INBOX in any case, other names unchanged. */
export function canonicalMailbox(name: string): string {
  return name.length === 5 && name.toUpperCase() === 'INBOX' ? 'INBOX' : name;
}
