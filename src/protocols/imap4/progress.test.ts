import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '#kernel';
import { mail, stand } from './stand.test.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 60_000 };

test('a search that takes long tells how far it has come (RFC 9585)', LIMIT, async (t) => {
  const clock = new TestClock();
  const { open, store, mailboxId } = await stand(t, { clock });
  const mailbox = store.openMailbox(mailboxId, 'test');
  const folder = (await mailbox.folderByName('INBOX'))!;
  await using incoming = store.incoming();
  await incoming.write(mail('large', 'nothing of that kind\r\n'.repeat(5000)));
  const content = await incoming.finish();
  const message = { content, flags: 0, keywords: [], internalMs: 0 };
  const count = 400;
  await mailbox.append(
    folder.folderId,
    Array.from({ length: count }, () => message),
  );
  const client = await open('SELECT INBOX');
  let over = false;
  const search = client.ok('SEARCH TEXT "what nobody wrote"').finally(() => {
    over = true;
  });
  while (!over) {
    await new Promise(setImmediate);
    clock.advance(10_000);
  }
  const told = (await search).untagged
    .map((data) => ('codeText' in data ? data.codeText : undefined))
    .filter((code) => code?.startsWith('INPROGRESS'))
    .map((code) => /^INPROGRESS \("t\d+" (\d+|NIL) (\d+|NIL)\)$/.exec(code!)!);
  assert.ok(told.length > 2, `told ${told.length} times`);
  const known = told
    .filter(([, done]) => done !== 'NIL')
    .map(([, done, goal]) => [Number(done), Number(goal)]);
  assert.ok(known.length > 1);
  let before = 0;
  for (const [done, goal] of known) {
    assert.equal(goal, count);
    assert.ok(done! >= before && done! <= count);
    before = done!;
  }
  assert.ok(before > 0, 'it came somewhere');
  clock.advance(60_000);
  assert.deepEqual((await client.ok('NOOP')).untagged, [], 'nothing is told when it is over');
});

test('a command that is quick tells nothing of its progress', LIMIT, async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  const { untagged } = await client.ok('SEARCH ALL');
  assert.deepEqual(
    untagged.map(({ type }) => type),
    ['SEARCH'],
  );
});
