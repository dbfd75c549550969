import { ImapClient } from '../clients/imap.ts';
import { Pop3Client } from '../clients/pop3.ts';
import { SmtpClient } from '../clients/smtp.ts';
import { PASSWORD } from '../server.ts';

/** What one session tells of itself as it goes. */
export interface Diary {
  readonly address: string;
  /** A message for the session to bring, the same length each time; `which`: 0, 1 … */
  message(which: number): Buffer;
  /** The server has acknowledged it. */
  acknowledged(which: number): void;
  /** The server has acknowledged that a message was removed. */
  removed(): void;
}

export interface CutSession {
  readonly name: string;
  readonly listener: 'imap' | 'pop3' | 'smtp' | 'submission';
  /** How many messages it brings. */
  readonly brings: number;
  /** Lengths may differ by a few bytes from one time to the next. */
  readonly encrypted: boolean;
  /** Speaks to the server from the greeting to the end; rejects when it is cut. */
  speak(port: number, diary: Diary): Promise<void>;
}

const ANSWER_MS = 60_000;
const FROM = 'a@sender.example';

async function imap(port: number, diary: Diary, encrypted: boolean): Promise<void> {
  await using client = await ImapClient.connect({ port, waitMs: ANSWER_MS });
  const bring = async (
    which: number,
    how: (message: Buffer) => Promise<unknown>,
  ): Promise<void> => {
    await how(diary.message(which));
    diary.acknowledged(which);
  };
  if (encrypted) await client.startTls();
  await client.login(diary.address, PASSWORD);
  if (encrypted) await client.compress();
  await client.ok('ENABLE CONDSTORE');
  await client.ok('SELECT INBOX');
  await bring(0, (message) => okAppend(client, message, '(\\Seen)'));
  const idle = await client.idle();
  await idle.done();
  await bring(1, async (message) => {
    client.send(`x APPEND INBOX {${message.length}+}\r\n${message.toString('latin1')}\r\n`);
    expectOk(await client.completion('x'));
  });
  await client.ok('UID FETCH * (FLAGS BODY.PEEK[])');
  await client.ok('STORE * +FLAGS.SILENT (\\Answered)');
  await client.logout();
}

async function okAppend(client: ImapClient, message: Buffer, flags: string): Promise<void> {
  expectOk(await client.append('INBOX', message, flags));
}

function expectOk({ status, text }: { readonly status: string; readonly text: string }): void {
  if (status !== 'OK') throw new Error(`${status} ${text}`);
}

async function pop3(port: number, diary: Diary, encrypted: boolean): Promise<void> {
  const client = await Pop3Client.connect({ port, timeoutMs: ANSWER_MS });
  try {
    await client.listing('CAPA');
    if (encrypted) await client.startTls();
    await client.login(diary.address, PASSWORD);
    await client.expectOk('STAT');
    await client.listing('UIDL');
    await client.expectOk('DELE 1');
    await client.expectOk('RSET');
    await client.multi('RETR 1');
    await client.multi('TOP 1 0');
    await client.expectOk('DELE 1');
    if ((await client.quit()).ok) diary.removed();
  } finally {
    client.destroy();
  }
}

async function smtp(port: number, diary: Diary, login: boolean): Promise<void> {
  await using client = await SmtpClient.connect({ port });
  const say = async (line: string, code: number): Promise<void> => {
    const reply = await client.command(line);
    if (reply.code !== code) throw new Error(`${line}: ${reply.code}`);
  };
  await client.reply();
  await say('EHLO client.example', 250);
  if (login) {
    await client.startTls();
    await say('EHLO client.example', 250);
    await client.authPlain(diary.address, PASSWORD);
  }
  const from = login ? diary.address : FROM;
  const begin = async (): Promise<void> => {
    await say(`MAIL FROM:<${from}>`, 250);
    await say(`RCPT TO:<${diary.address}>`, 250);
  };
  await begin();
  if ((await client.data(diary.message(0))).code === 250) diary.acknowledged(0);
  await begin();
  await say('RSET', 250);
  await begin();
  const message = diary.message(1);
  client.send(`BDAT 10\r\n${message.toString('latin1', 0, 10)}`);
  await client.reply();
  client.send(`BDAT ${message.length - 10} LAST\r\n${message.toString('latin1', 10)}`);
  if ((await client.reply()).code === 250) diary.acknowledged(1);
  await say('QUIT', 221);
}

/** What is cut: each protocol in the clear, and with all that can lie between. */
export const CUT_SESSIONS: readonly CutSession[] = [
  {
    name: 'IMAP',
    listener: 'imap',
    brings: 2,
    encrypted: false,
    speak: (port, diary) => imap(port, diary, false),
  },
  {
    name: 'IMAP with STARTTLS and COMPRESS',
    listener: 'imap',
    brings: 2,
    encrypted: true,
    speak: (port, diary) => imap(port, diary, true),
  },
  {
    name: 'POP3',
    listener: 'pop3',
    brings: 0,
    encrypted: false,
    speak: (port, diary) => pop3(port, diary, false),
  },
  {
    name: 'POP3 with STLS',
    listener: 'pop3',
    brings: 0,
    encrypted: true,
    speak: (port, diary) => pop3(port, diary, true),
  },
  {
    name: 'SMTP',
    listener: 'smtp',
    brings: 2,
    encrypted: false,
    speak: (port, diary) => smtp(port, diary, false),
  },
  {
    name: 'submission with STARTTLS and AUTH',
    listener: 'submission',
    brings: 2,
    encrypted: true,
    speak: (port, diary) => smtp(port, diary, true),
  },
];
