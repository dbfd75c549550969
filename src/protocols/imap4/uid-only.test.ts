import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Untagged } from '../../wire/imap/index.ts';
import { fill, mail, stand } from './stand.test.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 60_000 };

type Other = Extract<Untagged, { type: 'OTHER' }>;

/** The UIDFETCH responses among the data, by uid. */
function fetched(untagged: readonly Untagged[]): readonly (readonly [number, unknown])[] {
  return untagged
    .filter((data): data is Other => data.type === 'OTHER' && data.name === 'UIDFETCH')
    .map(({ number, values }) => [number!, values[0]]);
}

test('UIDONLY: UIDFETCH and VANISHED in place of numbers (RFC 9586 §3.3)', LIMIT, async (t) => {
  const { open } = await stand(t);
  const writer = await open('SELECT INBOX');
  await fill(writer, 5);
  await writer.ok('STORE 1:2 +FLAGS (\\Deleted)');
  await writer.ok('EXPUNGE');
  const client = await open('ENABLE UIDONLY');
  const selected = await client.ok('SELECT INBOX');
  assert.ok(selected.untagged.some((data) => data.type === 'EXISTS' && data.count === 3));
  const codes = selected.untagged.map((data) => ('code' in data ? data.code : undefined));
  assert.ok(!codes.includes('UNSEEN'), 'that would be a message number');
  const flags = await client.ok('UID FETCH 1:* FLAGS');
  assert.deepEqual(
    fetched(flags.untagged),
    [3, 4, 5].map((uid) => [uid, ['FLAGS', []]]),
  );
  const bodies = await client.ok('UID FETCH 3 (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
  assert.equal(fetched(bodies.untagged)[0]![0], 3);
  const stored = await client.ok('UID STORE 4 +FLAGS (\\Flagged)');
  assert.deepEqual(fetched(stored.untagged), [[4, ['FLAGS', ['\\Flagged']]]]);
  await client.ok('UID STORE 5 +FLAGS.SILENT (\\Deleted)');
  await writer.ok('UID STORE 3 +FLAGS (\\Answered)');
  const told = await client.ok('NOOP');
  assert.deepEqual(fetched(told.untagged), [[3, ['FLAGS', ['\\Answered']]]]);
  const expunged = await client.ok('EXPUNGE');
  assert.deepEqual(
    expunged.untagged.filter(({ type }) => type === 'VANISHED' || type === 'EXPUNGE'),
    [{ type: 'VANISHED', earlier: false, uids: [{ first: 5, last: 5 }] }],
  );
  const moved = await client.ok('UID MOVE 4 Trash');
  assert.ok(moved.untagged.some(({ type }) => type === 'VANISHED'));
});

test('UIDONLY: what counts in numbers is BAD with UIDREQUIRED (RFC 9586 §3)', LIMIT, async (t) => {
  const { open } = await stand(t);
  const client = await open('ENABLE QRESYNC UIDONLY', 'SELECT INBOX');
  await fill(client, 2);
  for (const line of [
    'FETCH 1 FLAGS',
    'STORE 1 +FLAGS (\\Seen)',
    'SEARCH ALL',
    'COPY 1 Trash',
    'MOVE 1 Trash',
    'UID SEARCH 1:2',
    'UID SEARCH NOT (OR ALL 1)',
    'SELECT INBOX (QRESYNC (1 1 1:2 (1 1)))',
  ]) {
    const refused = await client.command(line);
    assert.deepEqual([refused.status, refused.code], ['BAD', 'UIDREQUIRED'], line);
    await client.ok('NOOP');
  }
  await client.ok('UID SEARCH RETURN (SAVE) ALL');
  const again = await client.ok('UID SEARCH $');
  assert.ok(again.untagged.some(({ type }) => type === 'SEARCH'));
  await client.ok('UNAUTHENTICATE');
  const plain = await open('SELECT INBOX');
  assert.equal((await plain.fetch('1', 'FLAGS')).length, 1);
});

test(
  'UIDBATCHES covers all uids from the newest down, the newest batch first (RFC 10022)',
  LIMIT,
  async (t) => {
    const { open, store, mailboxId } = await stand(t);
    const mailbox = store.openMailbox(mailboxId, 'test');
    const folder = (await mailbox.folderByName('INBOX'))!;
    await using incoming = store.incoming();
    await incoming.write(mail('one'));
    const content = await incoming.finish();
    const message = { content, flags: 0, keywords: [], internalMs: 0 };
    await mailbox.append(
      folder.folderId,
      Array.from({ length: 1300 }, () => message),
    );
    const client = await open('SELECT INBOX');
    const batches = async (line: string): Promise<unknown> => {
      const { untagged } = await client.ok(line);
      const data = untagged.find((each) => each.type === 'OTHER' && each.name === 'UIDBATCHES');
      const [correlator, ranges] = (data as Other).values;
      assert.deepEqual((correlator as unknown[])[0], 'TAG');
      return ranges;
    };
    assert.equal(await batches('UIDBATCHES 500'), '1300:801,800:301,300:1');
    assert.equal(await batches('UIDBATCHES 500 2:2'), '800:301');
    assert.equal(await batches('UIDBATCHES 650'), '1300:651,650:1');
    assert.equal(await batches('UIDBATCHES 4000000000 1:7'), '1300:1');
    assert.equal(await batches('UIDBATCHES 500 4:9'), undefined);
    await client.ok('UID STORE 1:100,700:1000 +FLAGS.SILENT (\\Deleted)');
    await client.ok('EXPUNGE');
    assert.equal(await batches('UIDBATCHES 500'), '1300:500,499:1');
    const answers: readonly (readonly [string, string, string | undefined])[] = [
      ['UIDBATCHES 499', 'NO', 'TOOFEW'],
      ['UIDBATCHES 500 3:2', 'BAD', 'CLIENTBUG'],
      ['UIDBATCHES', 'BAD', undefined],
      ['UIDBATCHES 0', 'BAD', undefined],
      ['UIDBATCHES 500 3', 'BAD', undefined],
      ['UIDBATCHES 500 0:3', 'BAD', undefined],
    ];
    for (const [line, status, code] of answers) {
      const refused = await client.command(line);
      assert.deepEqual([refused.status, refused.code], [status, code], line);
    }
    await client.ok('SELECT Trash');
    assert.equal(await batches('UIDBATCHES 500'), undefined);
  },
);
