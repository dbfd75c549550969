import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { fill, mail, stand } from './stand.test.ts';

const MIXED = Buffer.from(
  [
    'From: Anna <anna@example.test>',
    'To: bob@example.test',
    'Subject: mixed',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    'preamble',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Gr=C3=BC=C3=9Fe',
    '--b',
    'Content-Type: application/octet-stream',
    'Content-Transfer-Encoding: base64',
    '',
    'AAECAwQF',
    '--b',
    'Content-Type: message/rfc822',
    '',
    'Subject: inner',
    'X-Other: one',
    '',
    'inner text',
    '--b',
    'Content-Type: text/plain',
    'Content-Transfer-Encoding: x-unknown',
    '',
    'odd',
    '--b--',
    '',
  ].join('\r\n'),
);

async function withMixed(client: ImapClient): Promise<void> {
  await client.append('INBOX', MIXED);
  await client.ok('SELECT INBOX');
}

test('sections of a message and of its parts (RFC 9051 §6.4.5.1)', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await withMixed(client);
  const text = MIXED.toString();
  const header = text.slice(0, text.indexOf('\r\n\r\n') + 4);
  const cases: readonly (readonly [string, string | null])[] = [
    ['BODY[]', text],
    ['BODY[HEADER]', header],
    ['BODY[TEXT]', text.slice(header.length)],
    ['BODY[HEADER.FIELDS (SUBJECT X-NONE)]', 'Subject: mixed\r\n\r\n'],
    ['BODY[1]', 'Gr=C3=BC=C3=9Fe'],
    [
      'BODY[1.MIME]',
      'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n',
    ],
    ['BODY[3]', 'Subject: inner\r\nX-Other: one\r\n\r\ninner text'],
    ['BODY[3.HEADER]', 'Subject: inner\r\nX-Other: one\r\n\r\n'],
    ['BODY[3.HEADER.FIELDS (SUBJECT)]', 'Subject: inner\r\n\r\n'],
    ['BODY[3.HEADER.FIELDS.NOT (SUBJECT)]', 'X-Other: one\r\n\r\n'],
    ['BODY[3.TEXT]', 'inner text'],
    ['BODY[3.1]', 'inner text'],
    ['BODY[9]', null],
    ['BODY[1.HEADER]', null],
    ['RFC822.HEADER', header],
    ['RFC822', text],
    ['RFC822.TEXT', text.slice(header.length)],
  ];
  for (const [item, expected] of cases) {
    const [fetched] = await client.fetch('1', item.replace('BODY[', 'BODY.PEEK['));
    const value = fetched!.items.get(item);
    assert.equal(value === null ? null : String(value), expected, item);
  }
});

test('bytes that are no ASCII come as they are stored, whatever their label says', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  const texts = [
    Buffer.from('Gr\u00fc\u00dfe \u20ac\r\n'),
    Buffer.from('Gr\xfc\xdfe \x80\xff\r\n', 'latin1'),
    Buffer.from('\ufffd\r\n'),
    Buffer.from('plain\r\n'),
  ];
  const messages = texts.flatMap((text) =>
    ['7bit', '8bit'].map((encoding) => {
      const fields = [
        Buffer.from('Subject: '),
        text,
        Buffer.from(`Content-Transfer-Encoding: ${encoding}\r\n\r\n`),
      ];
      return { text, head: Buffer.concat(fields), subject: Buffer.concat(fields.slice(0, 2)) };
    }),
  );
  for (const { head, text } of messages)
    await client.append('INBOX', Buffer.concat([head, text, head]));
  await client.ok('SELECT INBOX');
  const items =
    '(BODY[] BODY[HEADER] BODY[TEXT] BODY[1] BODY[]<9.4> BINARY[1] BODY[HEADER.FIELDS (SUBJECT)])';
  const all = await client.fetch('1:*', items.replaceAll('BODY[', 'BODY.PEEK['));
  assert.equal(all.length, messages.length);
  for (const [index, { head, text, subject }] of messages.entries()) {
    const body = Buffer.concat([text, head]);
    const expected: readonly (readonly [string, Buffer])[] = [
      ['BODY[]', Buffer.concat([head, body])],
      ['BODY[HEADER]', head],
      ['BODY[TEXT]', body],
      ['BODY[1]', body],
      ['BODY[]<9>', text.subarray(0, 4)],
      ['BINARY[1]', body],
      ['BODY[HEADER.FIELDS (SUBJECT)]', Buffer.concat([subject, Buffer.from('\r\n')])],
    ];
    for (const [item, bytes] of expected)
      assert.deepEqual(all[index]!.items.get(item), bytes, `${item} of ${index + 1}`);
    const [one] = await client.fetch(`${index + 1}`, 'BODY.PEEK[]');
    assert.deepEqual(one!.items.get('BODY[]'), Buffer.concat([head, body]));
  }
});

test('partial sections (RFC 9051 §6.4.5)', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await withMixed(client);
  const cases: readonly (readonly [string, string, string])[] = [
    ['BODY.PEEK[]<0.5>', 'BODY[]<0>', 'From:'],
    ['BODY.PEEK[]<6.4>', 'BODY[]<6>', 'Anna'],
    ['BODY.PEEK[TEXT]<3.4>', 'BODY[TEXT]<3>', 'ambl'],
    ['BODY.PEEK[]<100000.5>', 'BODY[]<100000>', ''],
    ['BODY.PEEK[3.HEADER.FIELDS (SUBJECT)]<9.5>', 'BODY[3.HEADER.FIELDS (SUBJECT)]<9>', 'inner'],
    ['BINARY.PEEK[1]<2.2>', 'BINARY[1]<2>', 'ü'],
  ];
  for (const [item, label, expected] of cases) {
    const [fetched] = await client.fetch('1', item);
    assert.equal(String(fetched!.items.get(label)), expected, item);
  }
});

test('BINARY decodes, says how large, and names what it cannot decode (RFC 3516 §4)', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await withMixed(client);
  const [one] = await client.fetch('1', '(BINARY.PEEK[1] BINARY.SIZE[1] BINARY.SIZE[2])');
  assert.equal(String(one!.items.get('BINARY[1]')), 'Grüße');
  assert.equal(one!.items.get('BINARY.SIZE[1]'), 7);
  assert.equal(one!.items.get('BINARY.SIZE[2]'), 6);
  client.send('x FETCH 1 BINARY.PEEK[2]\r\n');
  const response = await client.response();
  assert.ok(response.kind === 'untagged');
  assert.match(response.bytes.toString('latin1'), /BINARY\[2\] ~\{6\}/);
  assert.equal((await client.completion('x')).status, 'OK');
  const odd = await client.command('FETCH 1 (UID BINARY.PEEK[4])');
  assert.deepEqual([odd.status, odd.code], ['NO', 'UNKNOWN-CTE']);
  const [none] = await client.fetch('1', '(BINARY.PEEK[8] BINARY.SIZE[8])');
  assert.equal(none!.items.get('BINARY[8]'), null);
  assert.equal(none!.items.get('BINARY.SIZE[8]'), 0);
});

test('BODY[] sets \\Seen and tells it in the same response, PEEK and EXAMINE do not', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  await fill(client, 3);
  const flagsOf = async (n: number): Promise<unknown> =>
    (await client.fetch(`${n}`, 'FLAGS'))[0]!.items.get('FLAGS');
  await client.fetch('1', '(BODY.PEEK[] RFC822.HEADER BINARY.PEEK[1])');
  assert.deepEqual(await flagsOf(1), ['\\Recent']);
  const all = await client.fetch('1:2', 'BODY[TEXT]<0.1>');
  assert.deepEqual(
    all.map(({ items }) => items.get('FLAGS')),
    [
      ['\\Seen', '\\Recent'],
      ['\\Seen', '\\Recent'],
    ],
  );
  assert.equal((await client.fetch('1:2', 'BODY[TEXT]<0.1>'))[0]!.items.has('FLAGS'), false);
  await client.ok('EXAMINE INBOX');
  await client.fetch('3', 'RFC822');
  assert.deepEqual(await flagsOf(3), []);
});

test('a large message is streamed, whole, in part and decoded', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  const raw = Buffer.alloc(3_000_000);
  for (let at = 0; at < raw.length; at++) raw[at] = (at * 31) >>> 3;
  const encoded = raw.toString('base64').replace(/.{76}/g, '$&\r\n');
  const large = Buffer.from(
    `Subject: large\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n${encoded}\r\n`,
  );
  await client.append('INBOX', large);
  await client.ok('SELECT INBOX');
  const [whole] = await client.fetch('1', '(RFC822.SIZE BODY.PEEK[])');
  assert.equal(whole!.items.get('RFC822.SIZE'), large.length);
  assert.ok(large.equals(whole!.items.get('BODY[]') as Buffer));
  const [part] = await client.fetch('1', '(BODY.PEEK[]<100.1000000> BODY.PEEK[1.MIME])');
  assert.ok(large.subarray(100, 1_000_100).equals(part!.items.get('BODY[]<100>') as Buffer));
  const [decoded] = await client.fetch('1', '(BINARY.SIZE[1] BINARY.PEEK[1])');
  assert.equal(decoded!.items.get('BINARY.SIZE[1]'), raw.length);
  assert.ok(raw.equals(decoded!.items.get('BINARY[1]') as Buffer));
  const [slice] = await client.fetch('1', 'BINARY.PEEK[1]<2000000.70000>');
  assert.ok(
    raw.subarray(2_000_000, 2_070_000).equals(slice!.items.get('BINARY[1]<2000000>') as Buffer),
  );
});

test('the items of IMAP4rev2 and its extensions', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await client.append(
    'INBOX',
    mail('the subject'),
    '($Label1 \\Flagged) "01-Feb-2026 09:30:00 +0100"',
  );
  await client.ok('SELECT INBOX');
  const [all] = await client.fetch(
    '1',
    '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE MODSEQ SAVEDATE EMAILID THREADID PREVIEW (LAZY))',
  );
  const { items } = all!;
  assert.equal(items.get('UID'), 1);
  assert.deepEqual(items.get('FLAGS'), ['\\Flagged', '\\Recent', '$Label1']);
  assert.equal(items.get('INTERNALDATE'), ' 1-Feb-2026 08:30:00 +0000');
  assert.equal(items.get('RFC822.SIZE'), mail('the subject').length);
  assert.equal((items.get('ENVELOPE') as readonly unknown[])[1], 'the subject');
  assert.equal((items.get('BODY') as readonly unknown[])[0], 'text');
  assert.equal((items.get('BODYSTRUCTURE') as readonly unknown[])[0], 'text');
  assert.equal((items.get('MODSEQ') as readonly number[]).length, 1);
  const hash = createHash('sha256').update(mail('the subject')).digest();
  assert.deepEqual(items.get('EMAILID'), [`M${hash.toString('base64url', 0, 15)}`]);
  assert.equal(items.get('THREADID'), null);
  assert.equal(items.get('PREVIEW'), 'This is the subject.');
  const [fast] = await client.fetch('1', 'FAST');
  assert.deepEqual([...fast!.items.keys()].sort(), ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE']);
});

test('sets: numbers that do not exist are BAD, uids that do not are nothing (RFC 9051 §6.4.9)', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  assert.equal((await client.command('FETCH 1:* FLAGS')).status, 'BAD');
  assert.deepEqual(await client.fetch('1:*', 'FLAGS', true), []);
  await fill(client, 5);
  await client.ok('STORE 2,4 +FLAGS.SILENT (\\Deleted)');
  await client.ok('EXPUNGE');
  assert.equal((await client.command('FETCH 3:4 FLAGS')).status, 'BAD');
  const seen = async (set: string, uid: boolean): Promise<unknown[]> =>
    (await client.fetch(set, 'UID', uid)).map(({ seq, items }) => [seq, items.get('UID')]);
  assert.deepEqual(await seen('*:2', false), [
    [2, 3],
    [3, 5],
  ]);
  assert.deepEqual(await seen('2:4,99', true), [[2, 3]]);
  assert.deepEqual(await seen('99:*', true), [[3, 5]]);
  await client.ok('UID SEARCH RETURN (SAVE) UID 3');
  assert.deepEqual(await seen('$', true), [[2, 3]]);
  assert.deepEqual(await seen('1,$', false), [
    [1, 1],
    [2, 3],
  ]);
});

test('messages that are gone keep their number until it may be told (RFC 9051 §7.5.1)', async (t) => {
  const { open } = await stand(t);
  const one = await open('SELECT INBOX');
  await fill(one, 3);
  const other = await open('SELECT INBOX');
  await other.ok('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await other.ok('EXPUNGE');
  const fetched = await one.ok('FETCH 1:3 UID');
  assert.equal(fetched.code, 'EXPUNGEISSUED');
  assert.deepEqual(
    fetched.untagged.map((data) => (data.type === 'FETCH' ? data.seq : data.type)),
    [1, 3],
  );
  const stored = await one.ok('STORE 3 +FLAGS (\\Answered)');
  assert.ok(stored.untagged.every(({ type }) => type !== 'EXPUNGE'));
  const noop = await one.ok('NOOP');
  assert.deepEqual(noop.untagged, [
    { type: 'EXPUNGE', seq: 2 },
    { type: 'RECENT', count: 2 },
  ]);
  const [third] = await one.fetch('2', 'UID');
  assert.equal(third!.items.get('UID'), 3);
});

test('many messages come in batches, in order, each once', async (t) => {
  const { open, store, mailboxId } = await stand(t);
  const client = await open();
  const mailbox = store.openMailbox(mailboxId, 'test');
  const folder = (await mailbox.folderByName('INBOX'))!;
  await using incoming = store.incoming();
  await incoming.write(mail('one of many'));
  const content = await incoming.finish();
  const message = { content, flags: 0, keywords: [], internalMs: 0 };
  await mailbox.append(
    folder.folderId,
    Array.from({ length: 1234 }, () => message),
  );
  await client.ok('SELECT INBOX');
  await client.ok('UID STORE 3:1000,1100 +FLAGS.SILENT (\\Deleted)');
  const all = await client.fetch('1:*', '(UID FLAGS)');
  assert.deepEqual(
    all.map(({ seq }) => seq),
    Array.from({ length: 1234 }, (_, index) => index + 1),
  );
  await client.ok('EXPUNGE');
  const odd = Array.from({ length: 200 }, (_, index) => 1001 + index).filter(
    (uid) => uid % 2 === 1,
  );
  const some = await client.fetch(odd.join(','), 'BODY[TEXT]', true);
  assert.deepEqual(
    some.map(({ items }) => items.get('UID')),
    odd,
  );
  assert.ok(
    some.every(({ items }) => String(items.get('BODY[TEXT]')) === 'This is one of many.\r\n'),
  );
});
