/** Bad input on the real server: the right code, a usable connection or a closed one, and nothing stored. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ImapClient } from '../clients/imap.ts';
import type { SmtpClient } from '../clients/smtp.ts';
import { addMailboxes, checkIsClean, PASSWORD, TestDirectory, TestServer } from '../server.ts';
import { readByImap } from './inbox.ts';

const MESSAGE_BYTES_MAX = 1_000_000;
/** Enough to be written to a file as it comes. */
const LARGE_BYTES = 600_000;
const MESSAGE = 'Subject: x\r\n\r\nx\r\n';

interface SmtpCase {
  readonly name: string;
  /** Commands that go well before. */
  readonly before?: readonly string[];
  /** What is sent then; with its line end. */
  readonly bad: string;
  readonly answer: readonly [code: number, enhanced: string];
}

const ENVELOPE = ['MAIL FROM:<a@sender.example>', 'RCPT TO:<m0@example.test>'];
const IN_DATA = [...ENVELOPE, 'DATA'];

const SMTP: readonly SmtpCase[] = [
  {
    name: 'an unknown recipient',
    before: ['MAIL FROM:<a@sender.example>'],
    bad: 'RCPT TO:<nobody@example.test>\r\n',
    answer: [550, '5.1.1'],
  },
  {
    name: 'a recipient elsewhere',
    before: ['MAIL FROM:<a@sender.example>'],
    bad: 'RCPT TO:<a@elsewhere.example>\r\n',
    answer: [550, '5.7.1'],
  },
  {
    name: 'a SIZE that is too large',
    bad: `MAIL FROM:<a@sender.example> SIZE=${MESSAGE_BYTES_MAX + 1}\r\n`,
    answer: [552, '5.3.4'],
  },
  {
    name: 'data that is too large',
    before: IN_DATA,
    bad: `${'Subject: x\r\n'.repeat(MESSAGE_BYTES_MAX / 12 + 1)}\r\n.\r\n`,
    answer: [552, '5.3.4'],
  },
  {
    name: 'BDAT that is too large',
    before: ENVELOPE,
    bad: `BDAT ${MESSAGE_BYTES_MAX + 1} LAST\r\n${'x'.repeat(MESSAGE_BYTES_MAX + 1)}`,
    answer: [552, '5.3.4'],
  },
  { name: 'an unknown command', bad: 'FROBNICATE now\r\n', answer: [500, '5.5.1'] },
  { name: 'a syntax error', bad: 'MAIL FROM:<a@\r\n', answer: [501, '5.1.7'] },
  {
    name: 'an unknown parameter',
    bad: 'MAIL FROM:<a@sender.example> COLOUR=red\r\n',
    answer: [555, '5.5.4'],
  },
  { name: 'an overlong line', bad: `NOOP ${'x'.repeat(100_000)}\r\n`, answer: [500, '5.5.2'] },
  { name: 'a command out of order', bad: 'DATA\r\n', answer: [503, '5.5.1'] },
  {
    name: 'a bare LF in data',
    before: IN_DATA,
    bad: 'Subject: x\r\n\r\none\ntwo\r\n.\r\n',
    answer: [550, '5.5.2'],
  },
  {
    name: 'a message smuggled behind LF . CRLF',
    before: IN_DATA,
    bad: `Subject: x\r\n\r\nx\n.\r\n${ENVELOPE.join('\r\n')}\r\nDATA\r\n${MESSAGE}\r\n.\r\n`,
    answer: [550, '5.5.2'],
  },
  {
    name: 'a bare CR in BDAT',
    before: ENVELOPE,
    bad: 'BDAT 10 LAST\r\n\r\n12\r56789',
    answer: [550, '5.5.2'],
  },
];

interface ImapCase {
  readonly name: string;
  readonly bad: string;
  readonly answer: RegExp;
  /** The server closes the connection instead of going on. */
  readonly closes?: boolean;
}

const IMAP: readonly ImapCase[] = [
  { name: 'an unknown command', bad: 'x FROBNICATE\r\n', answer: /^x BAD / },
  { name: 'a line without a tag', bad: '(NOOP)\r\n', answer: /^\* BAD / },
  { name: 'a syntax error', bad: 'x FETCH 1 (FLAGS\r\n', answer: /^x BAD / },
  { name: 'an overlong line', bad: `x NOOP ${'y'.repeat(200_000)}\r\n`, answer: /^x BAD / },
  {
    name: 'an APPEND that is too large, announced',
    bad: `x APPEND INBOX {${MESSAGE_BYTES_MAX + 1}}\r\n`,
    answer: /^x NO \[TOOBIG\]/,
  },
  {
    name: 'an APPEND that is too large, sent unasked',
    bad: `x APPEND INBOX {${MESSAGE_BYTES_MAX + 1}+}\r\n${'y'.repeat(MESSAGE_BYTES_MAX + 1)}\r\n`,
    answer: /^x NO \[TOOBIG\]/,
  },
  {
    name: 'a second message of an APPEND that is too large',
    bad: `x APPEND INBOX {${LARGE_BYTES}+}\r\n${'y'.repeat(LARGE_BYTES)} {${MESSAGE_BYTES_MAX + 1}+}\r\n${'y'.repeat(MESSAGE_BYTES_MAX + 1)}\r\n`,
    answer: /^x NO \[TOOBIG\]/,
  },
  {
    name: 'an APPEND to nowhere',
    bad: 'x APPEND Nowhere {5}\r\n',
    answer: /^x NO \[TRYCREATE\]/,
  },
  {
    name: 'an overlong literal as an argument',
    bad: 'x EXAMINE {999999999}\r\n',
    answer: /^x (BAD|NO) /,
  },
  {
    name: 'a literal that nobody can send',
    bad: 'x APPEND INBOX {99999999999999999999+}\r\n',
    answer: /^x (BAD|NO) /,
    closes: true,
  },
];

const POP3: readonly { readonly name: string; readonly bad: string }[] = [
  { name: 'an unknown command', bad: 'FROB\r\n' },
  { name: 'an overlong line', bad: `RETR ${'1'.repeat(100_000)}\r\n` },
  { name: 'a message that is not there', bad: 'RETR 1\r\n' },
  { name: 'a number that is none', bad: 'RETR 0x1\r\n' },
  { name: 'a login within a session', bad: 'USER m0\r\n' },
];

describe('bad input', () => {
  const dir = new TestDirectory();
  const config = { messageBytesMax: MESSAGE_BYTES_MAX };
  let server: TestServer;

  before(async () => {
    await addMailboxes(dir.data, 1);
    server = await TestServer.start({ data: dir.data, config });
  });
  after(async () => {
    await server.stop();
    assert.equal(await checkIsClean(dir.data), 0);
    dir[Symbol.dispose]();
  });

  /** Nothing was stored, and nothing stays of what was begun. */
  async function assertNothingStored(): Promise<void> {
    await server.untilNone('smtp', 'imap', 'pop3');
    const client = await server.imap('m0@example.test');
    const messages = await readByImap(client);
    client.close();
    assert.equal(messages.length, 0, 'messages in INBOX');
    assert.deepEqual(filesIn(join(dir.data, 'blobs')), []);
  }

  for (const { name, before: commands = [], bad, answer } of SMTP)
    test(`SMTP: ${name}: ${answer.join(' ')}`, async () => {
      await using client = await server.smtp();
      for (const command of commands) await accepted(client, command);
      client.send(bad);
      const reply = await client.reply();
      assert.deepEqual([reply.code, reply.enhanced], answer, reply.lines.join(' '));
      // The dialogue is in step, and a new transaction may begin.
      for (const command of ['RSET', ...ENVELOPE, 'RSET']) await accepted(client, command);
      assert.equal((await client.command('QUIT')).code, 221);
      await client.untilClosed();
      await assertNothingStored();
    });

  for (const { name, bad, answer, closes = false } of IMAP)
    test(`IMAP: ${name}: ${answer.source}`, async () => {
      const client = await server.imap('m0@example.test');
      client.send(bad);
      const response = await client.response();
      assert.match(textOf(response), answer);
      if (closes) {
        await client.response('BYE');
        await client.closed();
      } else {
        await client.ok('NOOP');
        await client.logout();
      }
      await assertNothingStored();
    });

  test('IMAP: a literal before the login is kept small', async () => {
    const client = await ImapClient.connect({ port: server.port('imap') });
    client.send('x LOGIN {100000}\r\n');
    assert.match(textOf(await client.response()), /^x BAD \[TOOBIG\]/);
    await client.login('m0@example.test', PASSWORD);
    await client.logout();
  });

  for (const { name, bad } of POP3)
    test(`POP3: ${name}: -ERR`, async () => {
      const client = await server.pop3('m0@example.test');
      client.write(bad);
      assert.equal((await client.reply()).ok, false);
      await client.expectOk('NOOP');
      await client.quit();
    });

  const large = `Subject: x\r\n\r\n${'y'.repeat(70)}\r\n`.padEnd(
    LARGE_BYTES,
    `${'y'.repeat(70)}\r\n`,
  );
  /** Each lacks the end that would make it a message. */
  const dialogues = {
    smtp: `EHLO c\r\n${ENVELOPE.join('\r\n')}\r\nDATA\r\n${large}\r\n`,
    'smtp by BDAT':
      `EHLO c\r\n${ENVELOPE.join('\r\n')}\r\nBDAT ${MESSAGE.length}\r\n${MESSAGE}` +
      `BDAT ${large.length} LAST\r\n${large.slice(0, -1)}`,
    imap: `a LOGIN m0@example.test "${PASSWORD}"\r\nb APPEND INBOX {${large.length}+}\r\n${large}`,
  };
  for (const [name, dialogue] of Object.entries(dialogues))
    test(`a client that vanishes at any byte leaves nothing: ${name}`, async () => {
      const port = server.port(name.startsWith('smtp') ? 'smtp' : 'imap');
      for (const cut of cuts(dialogue.length))
        for (const how of ['end', 'resetAndDestroy'] as const)
          await vanish(port, dialogue.slice(0, cut), how);
      await assertNothingStored();
    });
});

async function accepted(client: SmtpClient, command: string): Promise<void> {
  const { code, lines } = await client.command(command);
  assert.ok(code < 400, `${command}: ${code} ${lines.join(' ')}`);
}

function textOf(response: Awaited<ReturnType<ImapClient['response']>>): string {
  const { tag, data } = { tag: '*', data: undefined, ...response };
  const { condition, codeText, text } = { codeText: undefined, ...(data ?? response) } as {
    readonly condition: string;
    readonly codeText: string | undefined;
    readonly text: string;
  };
  return `${tag} ${condition} ${codeText === undefined ? '' : `[${codeText}] `}${text}`;
}

function filesIn(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  const found = readdirSync(path, { recursive: true, withFileTypes: true });
  return found.filter((each) => each.isFile()).map((each) => each.name);
}

/** Every byte at the beginning and at the end, and places between. */
function cuts(length: number): readonly number[] {
  const places = new Set<number>();
  for (let cut = 1; cut < 120; cut++) places.add(cut);
  for (let cut = 1; cut <= 20; cut++) places.add(Math.floor((cut * length) / 20) - 7);
  for (let cut = 0; cut < 8; cut++) places.add(length - cut);
  return [...places].sort((a, b) => a - b);
}

/** Sends bytes without listening to answers, and goes with a word or without one. */
async function vanish(port: number, bytes: string, how: 'end' | 'resetAndDestroy'): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ port, host: '127.0.0.1' }, () => {
    socket.resume();
    socket.write(bytes, 'latin1', () => socket[how]());
  });
  socket.on('error', () => {});
  socket.on('close', () => resolve());
  await promise;
}
