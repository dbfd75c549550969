import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ImapClient, ImapCompletion } from '../../../test/clients/imap.ts';
import { fill, mail, stand } from './stand.test.ts';

const LIMIT = { timeout: 120_000 };

/** In answer to these no message may lose its number (RFC 9051 §7.5.1; RFC 5256 §3 says the same of SORT and THREAD). */
const HELD_BACK = [
  'FETCH 1:4 (UID FLAGS)',
  'FETCH 2 BODY[]',
  'STORE 1 +FLAGS (\\Seen)',
  'STORE 2 +FLAGS.SILENT (\\Seen)',
  'SEARCH ALL',
  'SEARCH RETURN (COUNT) ALL',
  'SORT (ARRIVAL) UTF-8 ALL',
  'THREAD REFERENCES UTF-8 ALL',
];

/** In answer to these it is told at once: they count in uids, or in nothing. */
const TOLD = [
  'NOOP',
  'CHECK',
  'EXPUNGE',
  'UID EXPUNGE 1',
  'UID FETCH 1:4 FLAGS',
  'UID STORE 1 +FLAGS (\\Seen)',
  'UID SEARCH ALL',
  'UID SORT (ARRIVAL) UTF-8 ALL',
  'UID THREAD REFERENCES UTF-8 ALL',
  'COPY 1 Trash',
  'UID COPY 1 Trash',
  'STATUS Trash (MESSAGES)',
  'LIST "" *',
  'LSUB "" *',
  'NAMESPACE',
  'CREATE another',
  'SUBSCRIBE Trash',
  'RENAME Archive Attic',
];

/** These leave the folder, or say nothing of it. */
const SILENT = [
  'CLOSE',
  'UNSELECT',
  'SELECT Trash',
  'EXAMINE Trash',
  'LOGOUT',
  'CAPABILITY',
  'ID NIL',
];

function expungesIn({ untagged }: ImapCompletion): readonly string[] {
  return untagged.flatMap((data) => {
    if (data.type === 'EXPUNGE') return [`EXPUNGE ${data.seq}`];
    if (data.type !== 'VANISHED') return [];
    return data.uids.map(({ first, last }) => `VANISHED ${first}:${last}`);
  });
}

interface Scene {
  /** Knows by now that message 2 of 4 is gone, and was not told. */
  readonly client: ImapClient;
  /** What it has selected. */
  readonly folder: string;
}

/** Plays scenes on one server, each in a folder and a session of its own, which enabled what is given. */
async function scenes(t: TestContext, ...enable: readonly string[]): Promise<() => Promise<Scene>> {
  const { open } = await stand(t);
  const other = await open();
  let count = 0;
  return async () => {
    const folder = `scene${++count}`;
    await other.ok(`CREATE ${folder}`);
    await other.ok(`SELECT ${folder}`);
    await fill(other, 4, folder);
    const client = await open(...enable, `SELECT ${folder}`);
    await other.ok('STORE 2 +FLAGS.SILENT (\\Deleted)');
    await other.ok('EXPUNGE');
    // STORE looks for news whether there was a hint or not; nothing may be told of the expunge yet.
    assert.deepEqual(expungesIn(await client.ok('STORE 1 +FLAGS (\\Answered)')), []);
    return { client, folder };
  };
}

const VARIANTS = [
  { as: 'EXPUNGE', enable: [], gone: 'EXPUNGE 2', moved: ['EXPUNGE 2', 'EXPUNGE 2'] },
  { as: 'VANISHED', enable: ['ENABLE QRESYNC'], gone: 'VANISHED 2:2', moved: ['VANISHED 2:3'] },
] as const;

for (const { as, enable, gone, moved } of VARIANTS) {
  test(`${as} waits while numbers are in use, and comes once`, LIMIT, async (t) => {
    const { client } = await (await scenes(t, ...enable))();
    for (const command of HELD_BACK) {
      assert.deepEqual(expungesIn(await client.ok(command)), [], command);
      const [last] = await client.fetch('4', 'UID');
      assert.equal(last?.items.get('UID'), 4, `${command}: numbers stay what they are`);
    }
    assert.deepEqual(expungesIn(await client.ok('NOOP')), [gone]);
    assert.deepEqual(expungesIn(await client.ok('NOOP')), []);
    const [last] = await client.fetch('3', 'UID');
    assert.equal(last?.items.get('UID'), 4);
  });

  test(`${as} comes with every other command`, LIMIT, async (t) => {
    const play = await scenes(t, ...enable);
    for (const command of TOLD) {
      const { client } = await play();
      assert.deepEqual(expungesIn(await client.ok(command)), [gone], command);
    }
    const appending = await play();
    const appended = await appending.client.append(appending.folder, mail('5'));
    assert.deepEqual(expungesIn(appended), [gone]);
    const moving = await play();
    assert.deepEqual(expungesIn(await moving.client.ok('MOVE 3 Trash')), moved);
    const idling = await play();
    const idle = await idling.client.idle();
    await idle.waitFor(({ type }) => type === as, gone);
    await idle.done();
  });
}

test('a search by number that passed over a message says so (RFC 5530 §3)', LIMIT, async (t) => {
  const { client } = await (await scenes(t))();
  for (const command of HELD_BACK.filter((line) => /^(SEARCH|SORT|THREAD)/.test(line)))
    assert.equal((await client.ok(command)).code, 'EXPUNGEISSUED', command);
  assert.equal((await client.ok('SEARCH 3:4')).code, undefined, 'it was not asked for');
  await client.ok('NOOP');
  assert.equal((await client.ok('SEARCH ALL')).code, undefined);
});

test('commands that leave the folder or say nothing of it tell no EXPUNGE', LIMIT, async (t) => {
  const play = await scenes(t);
  for (const command of SILENT) {
    const { client } = await play();
    assert.deepEqual(expungesIn(await client.ok(command)), [], command);
  }
});
