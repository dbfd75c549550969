import assert from 'node:assert/strict';
import type { SmtpClient } from '../clients/smtp.ts';
import type { TestServer } from '../server.ts';
import { realMails, withCrlf } from './corpora.ts';
import { type Message, readByImap, readByPop3 } from './inbox.ts';

/** How many mailboxes real mails are sent to. */
export const MAILBOXES = 10;
const CONNECTIONS = 4;

type Way = 'data' | 'chunks' | 'binary';

export interface Mail {
  readonly index: number;
  readonly way: Way;
  readonly bytes: Buffer;
  readonly recipients: readonly number[];
}

/** Most by DATA, some in chunks, some in chunks exactly as the file is, whatever its line ends; a few to two and three mailboxes. */
export function planMails(count: number): readonly Mail[] {
  return realMails(count).map((file, index) => {
    const way = index % 8 === 3 ? 'binary' : index % 8 === 6 ? 'chunks' : 'data';
    const first = (index * 7 + Math.floor(index / 8)) % MAILBOXES;
    const recipients = [first];
    if (index % 10 === 9) recipients.push((first + 3) % MAILBOXES, (first + 4) % MAILBOXES);
    else if (index % 10 === 4) recipients.push((first + 7) % MAILBOXES);
    return { index, way, bytes: way === 'binary' ? file : withCrlf(file), recipients };
  });
}

const senderOf = (mail: Mail): string => `mail-${mail.index}@sender.example`;

const BODY = { data: '8BITMIME', chunks: '8BITMIME', binary: 'BINARYMIME' } as const;

async function send(client: SmtpClient, mail: Mail, addresses: readonly string[]): Promise<void> {
  const { way, bytes, recipients } = mail;
  const envelope = await client.pipeline(
    `MAIL FROM:<${senderOf(mail)}> SIZE=${bytes.length} BODY=${BODY[way]}`,
    ...recipients.map((recipient) => `RCPT TO:<${addresses[recipient]}>`),
  );
  for (const { code, lines } of envelope) assert.equal(code, 250, lines.join(' '));
  const { code, lines } = await (way === 'data' ? client.data(bytes) : sendChunks(client, mail));
  assert.equal(code, 250, `mail ${mail.index}: ${lines.join(' ')}`);
}

/** BDAT in three chunks at once, the last of them empty for every other mail. */
async function sendChunks(
  client: SmtpClient,
  { bytes, index }: Mail,
): ReturnType<SmtpClient['reply']> {
  const ends = [Math.floor(bytes.length / 3), index % 2 === 0 ? bytes.length : bytes.length - 1];
  const chunks = [
    bytes.subarray(0, ends[0]),
    bytes.subarray(ends[0], ends[1]),
    bytes.subarray(ends[1]),
  ];
  for (const [i, chunk] of chunks.entries()) {
    client.send(`BDAT ${chunk.length}${i === 2 ? ' LAST' : ''}\r\n`);
    client.send(chunk);
  }
  await client.reply();
  await client.reply();
  return await client.reply();
}

/** Each mailbox has what was sent to it and nothing else, and what came over one connection is in its order. */
function compare(
  mails: readonly Mail[],
  mailbox: number,
  messages: readonly Message[],
  way: string,
): void {
  const expected = mails.filter((mail) => mail.recipients.includes(mailbox));
  const names = messages.map((message) => message.sender);
  assert.deepEqual(
    [...names].sort(),
    expected.map(senderOf).sort(),
    `${way} ${mailbox}: what is there`,
  );
  for (let connection = 0; connection < CONNECTIONS; connection++) {
    const own = new Set(
      expected.filter(({ index }) => index % CONNECTIONS === connection).map(senderOf),
    );
    assert.deepEqual(
      names.filter((name) => own.has(name)),
      [...own],
      `${way} ${mailbox}: the order`,
    );
  }
  const bySender = new Map(messages.map((message) => [message.sender, message]));
  for (const mail of expected) {
    const { bytes } = bySender.get(senderOf(mail))!;
    const same = bytes.equals(way === 'POP3' ? asLines(mail.bytes) : mail.bytes);
    assert.ok(same, `${way} ${mailbox}: mail ${mail.index} by ${mail.way} is the same`);
  }
}

/** A multi-line response ends with CRLF; a message that does not gets one (RFC 1939 §3). */
function asLines(bytes: Buffer): Buffer {
  return bytes.subarray(-2).toString('latin1') === '\r\n'
    ? bytes
    : Buffer.concat([bytes, Buffer.from('\r\n')]);
}

/** Sends mails over several connections at once, each in the order of the plan. */
export async function sendMails(
  server: TestServer,
  mails: readonly Mail[],
  addresses: readonly string[],
): Promise<void> {
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, connection) => {
      await using client = await server.smtp();
      for (const mail of mails)
        if (mail.index % CONNECTIONS === connection) await send(client, mail, addresses);
    }),
  );
}

/** Reads every INBOX by IMAP and by POP3 and compares it with what was sent; gives the number of messages in all of them. */
export async function compareInboxes(
  server: TestServer,
  mails: readonly Mail[],
  addresses: readonly string[],
): Promise<number> {
  let copies = 0;
  for (const [mailbox, address] of addresses.entries()) {
    await using imap = await server.imap(address);
    const messages = await readByImap(imap);
    compare(mails, mailbox, messages, 'IMAP');
    const pop3 = await server.pop3(address);
    compare(mails, mailbox, await readByPop3(pop3), 'POP3');
    await pop3.quit();
    copies += messages.length;
  }
  return copies;
}
