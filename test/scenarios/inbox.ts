import assert from 'node:assert/strict';
import type { ImapClient } from '../clients/imap.ts';
import type { Pop3Client } from '../clients/pop3.ts';

/** A message of an INBOX. */
export interface Message {
  /** Its uid by IMAP, its number by POP3. */
  readonly number: number;
  /** The address of MAIL FROM, as Return-Path has it. */
  readonly sender: string;
  /** What was sent: everything below the trace fields. */
  readonly bytes: Buffer;
}

const TRACE =
  /^Return-Path: <([^>]*)>\r\nReceived: from [^\r\n]*(?:\r\n[ \t][^\r\n]*)*;\r\n\t[^\r\n]*\r\n/;
const TRACE_BYTES_MAX = 2000;

/** Takes the trace fields of final delivery off a message that came by SMTP. */
export function belowTrace(number: number, message: Buffer): Message {
  const match = TRACE.exec(message.toString('latin1', 0, TRACE_BYTES_MAX));
  assert.ok(match !== null, `message ${number} opens with trace fields`);
  return { number, sender: match[1]!, bytes: message.subarray(match[0].length) };
}

/** Reads the INBOX by IMAP, from a uid on. */
export async function readByImap(client: ImapClient, fromUid = 1): Promise<readonly Message[]> {
  await client.ok('EXAMINE INBOX');
  const fetched = await client.fetch(`${fromUid}:*`, '(UID BODY.PEEK[])', true);
  return fetched
    .map(({ items }) => {
      const [uid, body] = [items.get('UID'), items.get('BODY[]')];
      assert.ok(typeof uid === 'number' && Buffer.isBuffer(body), 'FETCH gives uid and body');
      return { uid, body };
    })
    .filter(({ uid }) => uid >= fromUid)
    .map(({ uid, body }) => belowTrace(uid, body));
}

/** Reads the maildrop by POP3. */
export async function readByPop3(client: Pop3Client): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for (const line of await client.listing('LIST')) {
    const [number, octets] = line.split(' ').map(Number);
    const body = await client.multi(`RETR ${number}`);
    assert.ok(body !== undefined, `RETR ${number} gives the message`);
    assert.ok(body.length >= octets!, `message ${number} is whole`);
    messages.push(belowTrace(number!, body));
  }
  return messages;
}
