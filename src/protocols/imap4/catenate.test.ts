import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { mail, stand } from './stand.test.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 60_000 };

const MULTIPART = Buffer.from(
  [
    'From: bob@example.test',
    'Subject: parts',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'The first part.',
    '--b',
    'Content-Type: application/octet-stream',
    'Content-Transfer-Encoding: base64',
    '',
    'AAECAw==',
    '--b--',
    '',
  ].join('\r\n'),
);

async function body(client: ImapClient, set: string): Promise<string> {
  const [fetched] = await client.fetch(set, 'BODY.PEEK[]');
  return String(fetched!.items.get('BODY[]'));
}

test('CATENATE puts texts and parts of other messages together (RFC 4469)', LIMIT, async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  const selected = await client.append('INBOX', MULTIPART);
  const validity = /APPENDUID (\d+) 1/.exec(selected.codeText!)![1];
  const made = await client.command(
    'APPEND Drafts (\\Draft) "01-Feb-2026 09:30:00 +0000" CATENATE (TEXT ',
    Buffer.from('Subject: made\r\n\r\n'),
    ` URL "/INBOX;UIDVALIDITY=${validity}/;UID=1/;SECTION=1" TEXT `,
    Buffer.from('\r\n--\r\n'),
    ' URL ',
    Buffer.from('/inbox/;UID=1/;SECTION=2/;PARTIAL=2.4'),
    ')',
  );
  assert.equal(made.status, 'OK', made.text);
  assert.equal(made.code, 'APPENDUID');
  await client.ok('SELECT Drafts');
  const expected = 'Subject: made\r\n\r\nThe first part.\r\n--\r\nECAw';
  assert.equal(await body(client, '1'), expected);
  const [kept] = await client.fetch('1', '(FLAGS INTERNALDATE)');
  assert.deepEqual(kept!.items.get('FLAGS'), ['\\Draft', '\\Recent']);
  assert.equal(kept!.items.get('INTERNALDATE'), ' 1-Feb-2026 09:30:00 +0000');
});

test(
  'CATENATE of URLs alone, of the selected folder, by the whole URL, with other messages',
  LIMIT,
  async (t) => {
    const { open } = await stand(t);
    const client = await open('SELECT INBOX');
    await client.append('INBOX', MULTIPART);
    const copied = await client.ok('APPEND INBOX CATENATE (URL ";UID=1")');
    assert.equal(copied.code, 'APPENDUID');
    assert.equal(await body(client, '2'), MULTIPART.toString());
    const whole =
      'imap://anna%40example.test;AUTH=*@mail.example.test/INBOX/;UID=1/;SECTION=HEADER';
    const several = await client.command(
      `APPEND INBOX CATENATE (URL "${whole}") (\\Seen) `,
      mail('plain'),
      ' CATENATE (URL "/INBOX/;UID=1/;SECTION=TEXT" URL "/INBOX/;UID=1/;PARTIAL=0.4")',
    );
    assert.match(several.codeText!, /^APPENDUID \d+ 3:5$/);
    const blank = MULTIPART.indexOf('\r\n\r\n') + 4;
    assert.equal(await body(client, '3'), MULTIPART.subarray(0, blank).toString());
    assert.equal(await body(client, '4'), mail('plain').toString());
    assert.equal(await body(client, '5'), `${MULTIPART.subarray(blank)}From`);
    const large = mail('large', 'a line of text\r\n'.repeat(50_000));
    await client.append('INBOX', large);
    const twice = await client.ok(
      'APPEND INBOX CATENATE (URL ";UID=6" URL ";UID=6/;SECTION=TEXT")',
    );
    assert.equal(twice.status, 'OK');
    assert.equal(
      (await body(client, '7')).length,
      large.length * 2 - (large.indexOf('\r\n\r\n') + 4),
    );
    const replaced = await client.ok('REPLACE 1 INBOX CATENATE (URL ";UID=4")');
    assert.equal(replaced.status, 'OK');
    assert.equal(await body(client, '*'), mail('plain').toString());
  },
);

test('a URL that leads nowhere is named, and nothing is stored', LIMIT, async (t) => {
  const { open, directory } = await stand(t);
  await directory.addMailbox('bob@example.test', { password: 'another horse' });
  const client = await open('SELECT INBOX');
  await client.append('INBOX', MULTIPART);
  for (const url of [
    '/INBOX/;UID=2',
    '/INBOX;UIDVALIDITY=1/;UID=1',
    '/Missing/;UID=1',
    '/INBOX/;UID=1/;SECTION=3',
    'imap://bob%40example.test@mail.example.test/INBOX/;UID=1',
    'imap://elsewhere.example/INBOX/;UID=1',
    'nonsense]x',
  ]) {
    const refused = await client.command(`APPEND INBOX CATENATE (URL "${url}")`);
    assert.deepEqual([refused.status, refused.code], ['NO', 'BADURL'], url);
    assert.equal(refused.codeText, `BADURL ${url.replace(']', '?')}`);
    const early = await client.command(
      `APPEND INBOX CATENATE (URL "${url}" TEXT `,
      Buffer.from('x'),
      ')',
    );
    assert.equal(early.code, 'BADURL');
  }
  const late = await client.command(
    'APPEND INBOX ',
    mail('fine'),
    ' CATENATE (TEXT ',
    Buffer.from('x'),
    ' URL ',
    Buffer.from('/Missing/;UID=1'),
    ')',
  );
  assert.equal(late.code, 'BADURL');
  const empty = await client.command('APPEND INBOX CATENATE (URL ";UID=1/;PARTIAL=99999.1")');
  assert.equal(empty.status, 'NO');
  const unselected = await open();
  assert.equal((await unselected.command('APPEND INBOX CATENATE (URL ";UID=1")')).code, 'BADURL');
  const { untagged } = await client.ok('STATUS INBOX (MESSAGES)');
  assert.deepEqual(
    untagged.map((data) => (data.type === 'STATUS' ? data.items.get('MESSAGES') : undefined)),
    [1],
  );
});

test('CATENATE keeps to the limits of size and quota', LIMIT, async (t) => {
  const { open } = await stand(t, {
    limits: { appendBytesMax: 600 },
    quotaBytes: Math.floor(MULTIPART.length * 4.5),
  });
  const client = await open('SELECT INBOX');
  await client.append('INBOX', MULTIPART);
  const tooBig = await client.command(
    'APPEND INBOX CATENATE (URL ";UID=1" URL ";UID=1" URL ";UID=1")',
  );
  assert.equal(tooBig.code, 'TOOBIG');
  const texts = await client.command(
    'APPEND INBOX CATENATE (TEXT ',
    Buffer.alloc(400, 'x'),
    ' TEXT ',
    Buffer.alloc(400, 'y'),
    ')',
  );
  assert.equal(texts.code, 'TOOBIG');
  client.send(`a APPEND INBOX CATENATE (TEXT {400+}\r\n${'x'.repeat(400)} TEXT {900+}\r\n`);
  client.send(`${'y'.repeat(900)} URL {3+}\r\nabc)\r\nb NOOP\r\n`);
  assert.equal((await client.completion('a')).code, 'TOOBIG');
  assert.equal((await client.completion('b')).status, 'OK');
  for (let n = 0; n < 2; n++) await client.ok('APPEND INBOX CATENATE (URL ";UID=1")');
  const full = await client.command('APPEND INBOX CATENATE (URL ";UID=1") CATENATE (URL ";UID=1")');
  assert.equal(full.code, 'OVERQUOTA');
  client.send(`c APPEND INBOX CATENATE (URL {9000}\r\n`);
  assert.equal((await client.completion('c')).code, 'TOOBIG');
});
