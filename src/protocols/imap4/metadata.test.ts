import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapClient, ImapCompletion } from '../../../test/clients/imap.ts';
import { PASSWORD, type Stand, stand, USER } from './stand.test.ts';

const OTHER = 'otto@example.test';

/** The METADATA responses: mailbox and values as text, or mailbox and changed entries. */
function metadataOf({ untagged }: Pick<ImapCompletion, 'untagged'>): unknown {
  return untagged.flatMap((data) => {
    if (data.type !== 'METADATA') return [];
    if ('changed' in data) return [[data.mailbox, data.changed]];
    const values = [...data.values].map(([entry, value]) => [
      entry,
      value === null ? null : value.toString('latin1'),
    ]);
    return [[data.mailbox, Object.fromEntries(values)]];
  });
}

async function got(client: ImapClient, command: string): Promise<unknown> {
  return metadataOf(await client.ok(`GETMETADATA ${command}`));
}

async function openOther(house: Stand): Promise<ImapClient> {
  await house.directory.addMailbox(OTHER, { password: PASSWORD });
  const client = await house.connect();
  await client.login(OTHER, PASSWORD);
  return client;
}

test('a folder is annotated; NIL is what there is not, and removes (RFC 5464 §4.2, §4.3)', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  assert.deepEqual(await got(client, 'inbox /shared/comment'), [
    ['INBOX', { '/shared/comment': null }],
  ]);
  await client.ok(
    'SETMETADATA Archive (/Shared/Comment "for all" /private/comment "mine" /private/vendor/x/y "z")',
  );
  const both = { '/private/comment': 'mine', '/shared/comment': 'for all' };
  assert.deepEqual(await got(client, 'Archive (/private/COMMENT /shared/comment)'), [
    ['Archive', both],
  ]);
  await client.ok('SETMETADATA Archive (/private/comment NIL /shared/comment "new")');
  assert.deepEqual(await got(client, 'Archive (/private/comment /shared/comment)'), [
    ['Archive', { '/private/comment': null, '/shared/comment': 'new' }],
  ]);
  assert.deepEqual(await got(client, 'INBOX (DEPTH infinity) /private'), []);
  for (const command of ['GETMETADATA Missing /shared/a', 'SETMETADATA Missing (/shared/a "x")'])
    assert.equal((await client.command(command)).code, 'NONEXISTENT', command);
});

test('DEPTH reaches below an entry (RFC 5464 §4.2.2)', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await client.ok(
    'SETMETADATA INBOX (/private/filters/values/small "1" /private/filters/values/boss "2" /private/filters/values/a/b "3")',
  );
  const values = '/private/filters/values';
  const near = { [`${values}/boss`]: '2', [`${values}/small`]: '1' };
  assert.deepEqual(await got(client, `(DEPTH 1) INBOX (${values})`), [['INBOX', near]]);
  assert.deepEqual(await got(client, `(DEPTH 0) INBOX ${values}`), [['INBOX', { [values]: null }]]);
  assert.deepEqual(await got(client, 'INBOX (DEPTH infinity) (/private /shared)'), [
    ['INBOX', { [`${values}/a/b`]: '3', ...near }],
  ]);
});

test('MAXSIZE keeps back what is longer, and says how long (RFC 5464 §4.2.1)', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await client.ok('SETMETADATA INBOX (/shared/a "12345" /shared/b "1234567" /shared/c "123")');
  const completion = await client.ok(
    'GETMETADATA (MAXSIZE 3) INBOX (/shared/a /shared/b /shared/c)',
  );
  assert.deepEqual(metadataOf(completion), [['INBOX', { '/shared/c': '123' }]]);
  assert.equal(completion.codeText, 'METADATA LONGENTRIES 7');
  const none = await client.ok('GETMETADATA (MAXSIZE 3) INBOX /shared/a');
  assert.deepEqual([metadataOf(none), none.codeText], [[], 'METADATA LONGENTRIES 5']);
  assert.equal((await client.ok('GETMETADATA (MAXSIZE 7) INBOX /shared/b')).code, undefined);
});

test('values may be any octets, not UTF-8 only, in a literal8', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  client.send('x SETMETADATA INBOX (/private/a ~{4+}\r\n');
  client.send('\0\r\n\0 /private/b "ä")\r\n');
  assert.equal((await client.completion('x')).status, 'OK');
  assert.deepEqual(await got(client, 'INBOX (/private/a /private/b)'), [
    ['INBOX', { '/private/a': '\0\r\n\0', '/private/b': 'ä' }],
  ]);
});

test('too large and too many are said, and nothing is set (RFC 5464 §4.3)', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  const tooLarge = await client.command(
    'SETMETADATA INBOX (/shared/a "x" /shared/b ',
    Buffer.alloc(65_537, 'x'),
    ')',
  );
  assert.deepEqual([tooLarge.status, tooLarge.codeText], ['NO', 'METADATA MAXSIZE 65536']);
  const entries = Array.from({ length: 101 }, (_, i) => `/shared/${i} "x"`).join(' ');
  const tooMany = await client.command(`SETMETADATA INBOX (/private/a "x" ${entries})`);
  assert.deepEqual([tooMany.status, tooMany.codeText], ['NO', 'METADATA TOOMANY']);
  assert.deepEqual(await got(client, 'INBOX (DEPTH infinity) (/private /shared)'), []);
  await client.ok('SETMETADATA INBOX (/shared/b ', Buffer.alloc(65_536, 'x'), ')');
});

test('the server: private ones of each, shared ones by administrators (RFC 5464 §3)', async (t) => {
  const house = await stand(t, { administrators: [USER] });
  const admin = await house.open();
  const client = await openOther(house);
  await admin.ok('SETMETADATA "" (/shared/admin "mailto:a@example.test" /private/comment "mine")');
  assert.deepEqual(await got(client, '"" (/shared/admin /private/comment)'), [
    ['', { '/shared/admin': 'mailto:a@example.test', '/private/comment': null }],
  ]);
  const refused = await client.command('SETMETADATA "" (/private/a "x" /shared/comment "x")');
  assert.deepEqual([refused.status, refused.code], ['NO', 'NOPERM']);
  await client.ok('SETMETADATA "" (/private/a "x")');
  assert.deepEqual(await got(client, '"" (DEPTH infinity) (/shared /private)'), [
    ['', { '/private/a': 'x', '/shared/admin': 'mailto:a@example.test' }],
  ]);
  assert.deepEqual(await got(admin, '"" /private/comment'), [['', { '/private/comment': 'mine' }]]);
});

test('LIST tells them for each folder, in one read (RFC 9590)', async (t) => {
  let reads = 0;
  const house = await stand(t, {
    mailbox: (real) => {
      const read = real.annotations.bind(real);
      real.annotations = (query) => {
        reads++;
        return read(query);
      };
      return real;
    },
  });
  const client = await house.open();
  await client.ok('SETMETADATA INBOX (/shared/vendor/x/color "#b71c1c")');
  await client.ok('SETMETADATA Sent (/private/comment "c")');
  reads = 0;
  const listed = await client.ok(
    'LIST "" (INBOX Sent Trash) RETURN (METADATA (/shared/vendor/x/color /private/comment))',
  );
  const none = { '/shared/vendor/x/color': null, '/private/comment': null };
  assert.deepEqual(metadataOf(listed), [
    ['INBOX', { ...none, '/shared/vendor/x/color': '#b71c1c' }],
    ['Sent', { ...none, '/private/comment': 'c' }],
    ['Trash', none],
  ]);
  assert.equal(reads, 1);
  const kinds = listed.untagged.map(({ type }) => type);
  assert.deepEqual(kinds.slice(0, 2), ['LIST', 'METADATA']);
});

test('they follow a renamed folder and go with a deleted one', async (t) => {
  const { open } = await stand(t);
  const client = await open('CREATE a', 'SETMETADATA a (/shared/comment "x")', 'RENAME a b');
  assert.deepEqual(await got(client, 'b /shared/comment'), [['b', { '/shared/comment': 'x' }]]);
  await client.ok('DELETE b');
  await client.ok('CREATE b');
  assert.deepEqual(await got(client, 'b /shared/comment'), [['b', { '/shared/comment': null }]]);
});

test('after ENABLE METADATA others’ changes are told, in IDLE at once (RFC 5464 §4.4.2)', async (t) => {
  const house = await stand(t, { administrators: [USER] });
  const watching = await house.open();
  const other = await house.open('CREATE a', 'SETMETADATA a (/shared/comment "x")');
  const { untagged } = await watching.ok('ENABLE METADATA');
  assert.deepEqual(untagged, [{ type: 'ENABLED', capabilities: ['METADATA'] }]);
  await watching.ok('SETMETADATA a (/shared/own "x")');
  assert.deepEqual(metadataOf(await watching.ok('NOOP')), [], 'nothing before, and not of its own');
  await other.ok('SETMETADATA a (/shared/comment NIL /private/new "y")');
  await other.ok('SETMETADATA "" (/shared/comment "s")');
  assert.deepEqual(metadataOf(await watching.ok('NOOP')), [
    ['a', ['/private/new', '/shared/comment']],
    ['', ['/shared/comment']],
  ]);
  assert.deepEqual(metadataOf(await other.ok('NOOP')), [], 'who did not ask is not told');
  const idle = await watching.idle();
  await other.ok('SETMETADATA INBOX (/shared/comment "z")');
  const told = await idle.next();
  assert.deepEqual(metadataOf({ untagged: [told] }), [['INBOX', ['/shared/comment']]]);
  await other.ok('SETMETADATA "" (/shared/comment NIL)');
  assert.deepEqual(metadataOf({ untagged: [await idle.next()] }), [['', ['/shared/comment']]]);
  await idle.done();
  await other.ok('DELETE a');
  assert.deepEqual(metadataOf(await watching.ok('NOOP')), [], 'they went with the folder');
  await watching.ok('UNAUTHENTICATE');
  await watching.login(USER, PASSWORD);
  await other.ok('SETMETADATA INBOX (/shared/comment "again")');
  assert.deepEqual(metadataOf(await watching.ok('NOOP')), []);
});

test('after ENABLE METADATA-SERVER only the server’s are told', async (t) => {
  const { open } = await stand(t, { administrators: [USER] });
  const watching = await open('ENABLE METADATA-SERVER');
  const other = await open('SETMETADATA INBOX (/shared/comment "x")');
  await other.ok('SETMETADATA "" (/shared/comment "s")');
  assert.deepEqual(metadataOf(await watching.ok('NOOP')), [['', ['/shared/comment']]]);
});

test('METADATA can be kept from a client', async (t) => {
  const { open } = await stand(t, {
    switchOffs: [{ mailbox: USER, capabilities: ['METADATA'] }],
  });
  const client = await open();
  assert.equal((await client.command('GETMETADATA INBOX /shared/a')).status, 'BAD');
  const { untagged } = await client.ok('ENABLE METADATA');
  assert.deepEqual(untagged, [{ type: 'ENABLED', capabilities: [] }]);
});
