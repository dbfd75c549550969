import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapClient, ImapCompletion } from '../../../test/clients/imap.ts';
import type { Untagged } from '../../wire/imap/index.ts';
import { fill, mail, stand } from './stand.test.ts';

type Fetched = Extract<Untagged, { readonly type: 'FETCH' }>;

function fetchedIn({ untagged }: ImapCompletion): readonly Fetched[] {
  return untagged.filter((data): data is Fetched => data.type === 'FETCH');
}

/** The argument of an untagged response code such as HIGHESTMODSEQ. */
function codeIn({ untagged }: ImapCompletion, code: string): number {
  for (const data of untagged)
    if (data.type === 'STATUS-RESPONSE' && data.code === code)
      return Number(data.codeText!.split(' ')[1]);
  throw new Error(`no ${code} in ${JSON.stringify(untagged)}`);
}

function modSeqOf(fetched: Fetched): number {
  return (fetched.items.get('MODSEQ') as readonly number[])[0]!;
}

async function modSeqs(client: ImapClient, set: string): Promise<number[]> {
  return (await client.fetch(set, 'MODSEQ')).map(modSeqOf);
}

test('changes are told with MODSEQ once a command asked for it (RFC 7162 §3.1)', async (t) => {
  const { open } = await stand(t);
  const enablers = [
    'SELECT INBOX (CONDSTORE)',
    'FETCH 1 MODSEQ',
    'FETCH 1 FLAGS (CHANGEDSINCE 1)',
    'STORE 1 (UNCHANGEDSINCE 1) +FLAGS.SILENT (x)',
    'SEARCH MODSEQ 1',
    'STATUS INBOX (HIGHESTMODSEQ)',
    'ENABLE CONDSTORE',
  ];
  await fill(await open(), 1);
  for (const enabler of enablers) {
    const client = await open('SELECT INBOX');
    const before = fetchedIn(await client.ok('STORE 1 +FLAGS (before)'));
    assert.equal(before[0]!.items.has('MODSEQ'), false, enabler);
    const told = await client.ok(enabler);
    assert.ok(codeIn(told, 'HIGHESTMODSEQ') > 0, `${enabler} tells HIGHESTMODSEQ`);
    const after = fetchedIn(await client.ok('STORE 1 -FLAGS (before)'));
    assert.equal(after[0]!.items.has('MODSEQ'), true, enabler);
    await client.logout();
  }
});

test('STORE UNCHANGEDSINCE leaves alone what others changed (RFC 7162 §3.1.3)', async (t) => {
  const { open } = await stand(t);
  const one = await open('SELECT INBOX (CONDSTORE)');
  await fill(one, 4);
  const [, second, , fourth] = await modSeqs(one, '1:4');
  const other = await open('SELECT INBOX');
  await other.ok('STORE 2 +FLAGS (\\Flagged)');
  const stored = await one.ok(`STORE 1:4 (UNCHANGEDSINCE ${fourth}) +FLAGS.SILENT (\\Deleted)`);
  assert.deepEqual([stored.code, stored.codeText], ['MODIFIED', 'MODIFIED 2']);
  const changed = fetchedIn(stored);
  assert.deepEqual(
    changed.filter(({ items }) => !items.has('FLAGS')).map(({ seq }) => seq),
    [1, 3, 4],
    'SILENT: mod-sequences only',
  );
  assert.ok(changed.every((fetched) => modSeqOf(fetched) > second!));
  assert.deepEqual(
    changed.filter(({ seq }) => seq === 2).map(({ items }) => items.get('FLAGS')),
    [['\\Flagged', '\\Recent']],
    'what the other did is told',
  );
  const byUid = await one.ok('UID STORE 1:2 (UNCHANGEDSINCE 0) +FLAGS (\\Seen)');
  assert.equal(byUid.codeText, 'MODIFIED 1:2');
});

test('SILENT keeps quiet about the own change, not about what another did at the same time', async (t) => {
  const { open } = await stand(t);
  const one = await open('SELECT INBOX');
  await fill(one, 2);
  const other = await open('SELECT INBOX');
  assert.deepEqual((await one.ok('STORE 1:2 +FLAGS.SILENT (\\Seen)')).untagged, []);
  await other.ok('STORE 2 +FLAGS.SILENT (\\Flagged)');
  const silent = await one.ok('STORE 1:2 +FLAGS.SILENT (\\Answered)');
  assert.deepEqual(
    fetchedIn(silent).map(({ seq, items }) => [seq, items.get('FLAGS')]),
    [[2, ['\\Answered', '\\Flagged', '\\Seen', '\\Recent']]],
  );
});

test('FETCH CHANGEDSINCE gives what changed, with MODSEQ (RFC 7162 §3.1.4.1)', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX (CONDSTORE)');
  await fill(client, 3);
  const [, , third] = await modSeqs(client, '1:3');
  await client.ok('STORE 2 +FLAGS (\\Seen)');
  const changed = fetchedIn(await client.ok(`FETCH 1:3 FLAGS (CHANGEDSINCE ${third})`));
  assert.deepEqual(
    changed.map(({ seq, items }) => [seq, [...items.keys()].sort()]),
    [[2, ['FLAGS', 'MODSEQ']]],
  );
});

test('VANISHED and QRESYNC need ENABLE QRESYNC (RFC 7162 §3.2.3)', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  await fill(client, 1);
  assert.equal((await client.command('UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)')).status, 'BAD');
  assert.equal((await client.command('SELECT INBOX (QRESYNC (1 1))')).status, 'BAD');
});

test('UID FETCH VANISHED names what was expunged since (RFC 7162 §3.2.6)', async (t) => {
  const { open } = await stand(t);
  const client = await open('ENABLE QRESYNC', 'SELECT INBOX');
  await fill(client, 6);
  const since = Math.max(...(await modSeqs(client, '1:6')));
  await client.ok('STORE 2,3,6 +FLAGS.SILENT (\\Deleted)');
  const expunged = await client.ok('EXPUNGE');
  assert.equal(expunged.code, 'HIGHESTMODSEQ');
  assert.deepEqual(expunged.untagged, [
    {
      type: 'VANISHED',
      earlier: false,
      uids: [
        { first: 2, last: 3 },
        { first: 6, last: 6 },
      ],
    },
    { type: 'RECENT', count: 3 },
  ]);
  await client.ok('UID STORE 4 +FLAGS.SILENT (\\Seen)');
  const changed = await client.ok(`UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${since} VANISHED)`);
  assert.deepEqual(changed.untagged[0], {
    type: 'VANISHED',
    earlier: true,
    uids: [
      { first: 2, last: 3 },
      { first: 6, last: 6 },
    ],
  });
  assert.deepEqual(
    fetchedIn(changed).map(({ items }) => items.get('UID')),
    [4],
  );
});

test('SELECT QRESYNC brings a client that comes back up to date (RFC 7162 §3.2.5)', async (t) => {
  const { open } = await stand(t);
  const one = await open('ENABLE QRESYNC');
  await fill(one, 8);
  const selected = await one.ok('SELECT INBOX');
  const validity = codeIn(selected, 'UIDVALIDITY');
  const highest = codeIn(selected, 'HIGHESTMODSEQ');
  await one.ok('UNSELECT');
  const other = await open('SELECT INBOX');
  await other.ok('UID STORE 2,5,6 +FLAGS.SILENT (\\Deleted)');
  await other.ok('EXPUNGE');
  await other.ok('UID STORE 3,8 +FLAGS.SILENT (\\Seen)');
  await other.append('INBOX', mail('new'));
  const back = await one.ok(`SELECT INBOX (QRESYNC (${validity} ${highest} 1:8))`);
  assert.deepEqual(
    back.untagged.filter(({ type }) => type === 'VANISHED'),
    [
      {
        type: 'VANISHED',
        earlier: true,
        uids: [
          { first: 2, last: 2 },
          { first: 5, last: 6 },
        ],
      },
    ],
  );
  assert.deepEqual(
    fetchedIn(back).map(({ seq, items }) => [seq, items.get('UID'), items.get('FLAGS')]),
    [
      [2, 3, ['\\Seen']],
      [5, 8, ['\\Seen']],
    ],
  );
  assert.ok(fetchedIn(back).every(({ items }) => items.has('MODSEQ')));
  assert.deepEqual(
    back.untagged.filter(({ type }) => type === 'EXISTS'),
    [{ type: 'EXISTS', count: 6 }],
  );
  const withMatch = await one.ok(
    `SELECT INBOX (QRESYNC (${validity} ${highest} 1:8 (1,4,6 1,7,8)))`,
  );
  assert.ok(
    withMatch.untagged.some((data) => data.type === 'STATUS-RESPONSE' && data.code === 'CLOSED'),
  );
  const other2 = await one.ok(`SELECT INBOX (QRESYNC (${validity + 1} ${highest} 1:8))`);
  assert.ok(other2.untagged.every(({ type }) => type !== 'VANISHED' && type !== 'FETCH'));
});

test('expunges are told as VANISHED, and counted, after ENABLE QRESYNC (RFC 7162 §3.2.10)', async (t) => {
  const { open } = await stand(t);
  const one = await open('ENABLE QRESYNC', 'SELECT INBOX');
  await fill(one, 3);
  const other = await open('SELECT INBOX');
  await other.ok('STORE 1,3 +FLAGS.SILENT (\\Deleted)');
  await other.ok('EXPUNGE');
  const noop = await one.ok('NOOP');
  assert.deepEqual(noop.untagged, [
    {
      type: 'VANISHED',
      earlier: false,
      uids: [
        { first: 1, last: 1 },
        { first: 3, last: 3 },
      ],
    },
    { type: 'RECENT', count: 1 },
  ]);
  await other.ok('STORE 1 +FLAGS (\\Deleted)');
  await one.ok('NOOP');
  // Something may have happened of which it was not told: RFC 7162 §3.2.8.
  const closed = await one.ok('CLOSE');
  assert.equal(closed.code, undefined);
});

test('a mod-sequence above an expunge still to come is told with one that is safe (RFC 7162 §3.2)', async (t) => {
  const { open } = await stand(t);
  const one = await open('ENABLE QRESYNC', 'SELECT INBOX');
  await fill(one, 4);
  const other = await open('SELECT INBOX', 'STORE 2 +FLAGS (\\Deleted)');
  await one.ok('NOOP');
  const { untagged } = await other.ok('STATUS INBOX (HIGHESTMODSEQ)');
  const status = untagged.find((data) => data.type === 'STATUS');
  const safe = `HIGHESTMODSEQ ${status?.items.get('HIGHESTMODSEQ')}`;
  await other.ok('EXPUNGE');
  await other.ok('STORE 3 +FLAGS (\\Flagged)');
  const told = async (command: string): Promise<readonly (string | undefined)[]> => {
    const { untagged, codeText } = await one.ok(command);
    const codes = untagged.map((data) => (data.type === 'STATUS-RESPONSE' ? data.codeText : ''));
    return [codeText, ...codes.filter((code) => code !== '')];
  };
  // Message 4 is shown with a mod-sequence above that of the expunge, which may not be told yet.
  assert.deepEqual(await told('FETCH 4 (FLAGS MODSEQ)'), [safe]);
  assert.deepEqual(await told('STORE 4 +FLAGS (\\Seen)'), [safe]);
  assert.deepEqual(await told('STORE 1:4 +FLAGS.SILENT (\\Draft)'), [safe, 'EXPUNGEISSUED']);
  const [drafts] = await one.fetch('1', 'MODSEQ');
  const known = drafts!.items.get('MODSEQ');
  await other.ok('STORE 3 -FLAGS (\\Flagged)');
  const conditional = await told(`STORE 1,4 (UNCHANGEDSINCE ${known}) +FLAGS (\\Answered)`);
  assert.deepEqual(conditional, ['MODIFIED 4', safe]);
  assert.deepEqual(await told('FETCH 1 BODY.PEEK[]'), [undefined], 'no mod-sequence was shown');
  // With uids the expunge can be told, and is.
  assert.deepEqual(await told('UID FETCH 1:* (MODSEQ)'), ['EXPUNGEISSUED']);
  assert.deepEqual(await told('FETCH 1:* (MODSEQ)'), [undefined]);
});

test('\\Recent is counted anew when the mailbox shrinks (RFC 3501 §7.3.2)', async (t) => {
  const { open } = await stand(t);
  const one = await open('SELECT INBOX');
  await fill(one, 3);
  const other = await open('SELECT INBOX', 'STORE 1 +FLAGS.SILENT (\\Deleted)', 'EXPUNGE');
  const recent = async (command: string): Promise<readonly unknown[]> =>
    (await one.ok(command)).untagged.flatMap((data) =>
      data.type === 'RECENT' ? [data.count] : [],
    );
  assert.deepEqual(await recent('NOOP'), [2]);
  await fill(other, 1);
  await other.ok('NOOP');
  await one.ok('NOOP');
  const whose = (await one.fetch('1:*', 'FLAGS')).map(({ items }) => items.get('FLAGS'));
  const count = whose.filter((flags) => (flags as string[]).includes('\\Recent')).length;
  await other.ok('UID STORE 4 +FLAGS.SILENT (\\Deleted)');
  await other.ok('EXPUNGE');
  const after = await recent('NOOP');
  // Told only when it is another number: the message was recent for the other session.
  assert.deepEqual(after, count === 2 ? [] : [2]);
});

test('MOVE: COPYUID, then the expunges, then OK (RFC 6851 §3.3)', async (t) => {
  const { open } = await stand(t);
  const client = await open('ENABLE QRESYNC', 'SELECT INBOX');
  await fill(client, 3);
  const moved = await client.ok('MOVE 1,3 Trash');
  assert.deepEqual(
    moved.untagged.map((data) => (data.type === 'STATUS-RESPONSE' ? data.code : data.type)),
    ['COPYUID', 'VANISHED', 'RECENT'],
  );
  assert.equal(moved.code, 'HIGHESTMODSEQ');
});
