import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Untagged } from '#wire';
import { fill, mail, stand, USER } from './stand.test.ts';

const BOB = 'bob@example.test';
const OF_ANNA = `Other Users/${USER}`;

function isCode(name: string): (data: Untagged) => boolean {
  return (data) => data.type === 'STATUS-RESPONSE' && data.code === name;
}

function codes(untagged: readonly Untagged[]): readonly string[] {
  return untagged.flatMap((data) => (data.type === 'STATUS-RESPONSE' ? [data.codeText ?? ''] : []));
}

test('owner and grantee see each other’s changes in a folder, and agree on it', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const anna = await open('CREATE a', `SETACL a ${BOB} lrswite`);
  await fill(anna, 3, 'a');
  await anna.ok('SELECT a');
  await bob.ok(`SELECT "${OF_ANNA}/a"`);
  const idle = await bob.idle();
  await anna.append('a', mail('new'));
  const exists = await idle.waitFor(({ type }) => type === 'EXISTS', 'EXISTS');
  assert.ok(exists.type === 'EXISTS' && exists.count === 4);
  await anna.ok('STORE 2 +FLAGS (\\Flagged)');
  const flagged = await idle.waitFor(({ type }) => type === 'FETCH', 'FETCH');
  assert.ok(flagged.type === 'FETCH' && flagged.seq === 2);
  await idle.done();
  const listening = await anna.idle();
  await bob.ok('STORE 1 +FLAGS (\\Deleted)');
  await bob.ok('EXPUNGE');
  await listening.waitFor(({ type }) => type === 'EXPUNGE', 'EXPUNGE');
  await bob.append(`${OF_ANNA}/a`, mail('by bob'));
  await listening.waitFor((data) => data.type === 'EXISTS' && data.count === 4, 'EXISTS');
  await listening.done();
  const uids = async (client: typeof anna) =>
    (await client.fetch('1:*', '(UID FLAGS)')).map(({ items }) => items.get('UID'));
  assert.deepEqual(await uids(bob), await uids(anna));
  await anna.ok('RENAME a b');
  await bob.ok('NOOP');
  assert.equal((await bob.fetch('1', 'UID')).length, 1);
});

test('SELECT tells by the rights what may be changed for good (RFC 4314 §5.1.1, §5.2)', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const anna = await open('CREATE a');
  await anna.append('a', mail('x'), '($Label)');
  const expected = {
    lr: ['READ-ONLY', '()'],
    lrkxa: ['READ-ONLY', '()'],
    lri: ['READ-WRITE', '()'],
    lre: ['READ-WRITE', '()'],
    lrs: ['READ-WRITE', '(\\Seen)'],
    lrt: ['READ-WRITE', '(\\Deleted)'],
    lrw: ['READ-WRITE', '(\\Answered \\Flagged \\Draft $Label \\*)'],
  };
  for (const [rights, [access, flags]] of Object.entries(expected)) {
    await anna.ok(`SETACL a ${BOB} ${rights}`);
    const { code, untagged } = await bob.ok(`SELECT "${OF_ANNA}/a"`);
    assert.equal(code, access, rights);
    assert.ok(codes(untagged).includes(`PERMANENTFLAGS ${flags}`), rights);
    assert.ok(untagged.some((data) => data.type === 'FLAGS' && data.flags.length === 6));
    assert.equal((await bob.ok(`EXAMINE "${OF_ANNA}/a"`)).code, 'READ-ONLY');
  }
});

test('a session that waits hears which rights are left, and ends when it may not read any more', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const anna = await open('CREATE a', `SETACL a ${BOB} lrswi`);
  await fill(anna, 1, 'a');
  await bob.ok(`SELECT "${OF_ANNA}/a"`);
  const idle = await bob.idle();
  await anna.ok(`SETACL a ${BOB} lr`);
  const told = await idle.waitFor(isCode('PERMANENTFLAGS'), 'PERMANENTFLAGS');
  assert.ok(told.type === 'STATUS-RESPONSE' && told.codeText === 'PERMANENTFLAGS ()');
  await idle.waitFor(isCode('READ-ONLY'), 'READ-ONLY');
  await anna.ok(`SETACL a ${BOB} +s`);
  await idle.waitFor(isCode('READ-WRITE'), 'READ-WRITE');
  await anna.ok(`DELETEACL a ${BOB}`);
  await idle.waitFor(isCode('NONEXISTENT'), 'BYE');
  await bob.closed();
  const again = await openAs(BOB);
  assert.equal((await again.command(`SELECT "${OF_ANNA}/a"`)).code, 'NONEXISTENT');
});

test('a right that was withdrawn is missing from the next command on', async (t) => {
  const { open, openAs } = await stand(t);
  const anna = await open('CREATE a', `SETACL a anyone lrswite`);
  await fill(anna, 2, 'a');
  const bob = await openAs(BOB, `SELECT "${OF_ANNA}/a"`, 'STORE 1 +FLAGS (\\Deleted)');
  await anna.ok(`SETACL a -${BOB} te`);
  const refused = await bob.command('EXPUNGE');
  assert.deepEqual([refused.status, refused.code], ['NO', 'NOPERM']);
  assert.equal((await bob.command('STORE 1 -FLAGS (\\Deleted)')).code, 'NOPERM');
  await bob.ok('CLOSE');
  assert.equal(
    (await bob.ok(`SELECT "${OF_ANNA}/a"`)).untagged.some(
      (data) => data.type === 'EXISTS' && data.count === 2,
    ),
    true,
  );
  await anna.ok(`SETACL a -${BOB} r`);
  const { untagged } = await bob.command('NOOP').catch(() => ({ untagged: [] }));
  assert.deepEqual(
    codes(untagged).filter((code) => code !== 'NONEXISTENT'),
    [],
  );
  await bob.closed();
});

test('a grant to somebody who is in IDLE elsewhere disturbs nothing', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB, 'SELECT INBOX');
  const anna = await open('CREATE a');
  const idle = await bob.idle();
  await anna.ok(`SETACL a ${BOB} lr`);
  await anna.ok(`DELETEACL a ${BOB}`);
  assert.deepEqual((await idle.done()).untagged, []);
});

test('with NOTIFY a folder that begins or ends to be shared is told at once (RFC 5465 §5.4)', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB, 'NOTIFY SET (subtree "Other Users" (MailboxName))');
  const anna = await open('CREATE a');
  const told = async (): Promise<string> => {
    const response = await bob.response('a folder');
    assert.ok(response.kind === 'untagged' && response.data.type === 'LIST');
    return `${response.data.mailbox} ${response.data.attributes[0]}`;
  };
  await anna.ok(`SETACL a ${BOB} lr`);
  assert.equal(await told(), `${OF_ANNA}/a \\HasNoChildren`);
  assert.equal(await told(), `${OF_ANNA} \\NonExistent`, 'the level above is told as well');
  await anna.ok(`DELETEACL a ${BOB}`);
  assert.equal(await told(), `${OF_ANNA}/a \\NonExistent`);
  assert.equal(await told(), `${OF_ANNA} \\NonExistent`);
});
