import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchData, Untagged } from '#wire';
import type { ImapClient } from '../../../../test/clients/imap.ts';
import { fill, mail, stand } from '../stand.test.ts';
import { atOnce, failing, hooked, MESSAGES, quiet, status, told } from './listener.test.ts';

function typesOf(untagged: readonly Untagged[]): readonly string[] {
  return untagged.map(({ type }) => type);
}

/** Takes what is told up to something of a type, which is given. */
async function next(client: ImapClient, type: string): Promise<Record<string, unknown>> {
  for (;;) {
    const data = await told(client);
    if (data['type'] === type) return data;
  }
}

test('what a client has put there itself is not fetched for it (RFC 5465 §5.2)', async (t) => {
  const { open } = await stand(t);
  const other = await open('CREATE Work');
  await other.append('Work', mail('to copy'));
  const ear = await open('SELECT INBOX', `NOTIFY SET (selected (MessageNew (UID) MessageExpunge))`);
  ear.send('a APPEND INBOX {1}\r\n');
  assert.equal((await ear.response()).kind, 'continue');
  await other.append('INBOX', mail('theirs, first'));
  ear.send('x\r\n');
  const { untagged } = await ear.completion('a');
  assert.deepEqual(typesOf(untagged), ['EXISTS', 'RECENT', 'FETCH']);
  const [, , fetched] = untagged;
  assert.ok(fetched?.type === 'FETCH' && fetched.items.get('UID') === 1);
  assert.deepEqual(typesOf((await ear.ok('COPY 1 INBOX')).untagged), ['EXISTS', 'RECENT']);
  await quiet(ear);
  await other.append('INBOX', mail('theirs'));
  assert.equal(((await next(ear, 'FETCH'))['items'] as FetchData).get('UID'), 4);
});

test('FETCH names the uid, and the mod-sequence to who knows of them (RFC 5465 §5.1, RFC 7162 §3.1.4.2)', async (t) => {
  const { open } = await stand(t);
  const other = await open('SELECT INBOX');
  const groups = (source: string) => `(${source} (MessageNew (FLAGS) MessageExpunge FlagChange))`;
  for (const source of ['selected', 'selected-delayed']) {
    const ear = await open('SELECT INBOX', `NOTIFY SET ${groups(source)}`);
    await other.append('INBOX', mail('one'));
    assert.deepEqual(
      [...((await next(ear, 'FETCH'))['items'] as FetchData).keys()],
      ['UID', 'FLAGS'],
    );
    await ear.ok('ENABLE CONDSTORE');
    await other.append('INBOX', mail('two'));
    const keys = ['UID', 'FLAGS', 'MODSEQ'];
    assert.deepEqual([...((await next(ear, 'FETCH'))['items'] as FetchData).keys()], keys);
    await other.ok('NOOP');
    await other.ok('STORE 1 +FLAGS (\\Flagged)');
    assert.deepEqual([...((await next(ear, 'FETCH'))['items'] as FetchData).keys()], keys);
    await other.ok('STORE 1 -FLAGS (\\Flagged)');
    await ear.logout();
  }
});

test('who has renounced message numbers is told by UIDFETCH and VANISHED (RFC 9586 §3)', async (t) => {
  const { open } = await stand(t);
  const other = await open('SELECT INBOX');
  const ear = await open(
    'ENABLE UIDONLY',
    'SELECT INBOX',
    'NOTIFY SET (selected (MessageNew (BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge FlagChange))',
  );
  await other.append('INBOX', mail('one'));
  const fetched = async (): Promise<readonly unknown[]> => {
    const { name, number, values } = await next(ear, 'OTHER');
    return [name, number, (values as readonly (readonly unknown[])[])[0]![0]];
  };
  assert.deepEqual(await fetched(), ['UIDFETCH', 1, 'BODY[HEADER.FIELDS']);
  await other.ok('NOOP');
  await other.ok('STORE 1 +FLAGS (\\Deleted)');
  assert.deepEqual(await fetched(), ['UIDFETCH', 1, 'FLAGS']);
  await other.ok('EXPUNGE');
  assert.deepEqual((await next(ear, 'VANISHED'))['uids'], [{ first: 1, last: 1 }]);
});

test('a client with QRESYNC is told how far it knows the folder while expunges are held back (RFC 7162 §6)', async (t) => {
  const { open } = await stand(t);
  const other = await open('SELECT INBOX');
  await fill(other, 2);
  await other.ok('NOOP');
  const ear = await open('ENABLE QRESYNC', 'SELECT INBOX');
  await ear.ok('NOTIFY SET (selected-delayed (MessageNew (UID) MessageExpunge FlagChange))');
  await other.ok('STORE 1 +FLAGS (\\Deleted)');
  const deleted = ((await next(ear, 'FETCH'))['items'] as FetchData).get('MODSEQ') as number[];
  await other.ok('EXPUNGE');
  await other.append('INBOX', mail('three'));
  const added = ((await next(ear, 'FETCH'))['items'] as FetchData).get('MODSEQ') as number[];
  const safe = await told(ear);
  assert.equal(safe['codeText'], `HIGHESTMODSEQ ${deleted[0]}`);
  assert.ok(added[0]! > deleted[0]!);
  const { untagged } = await ear.ok('NOOP');
  assert.ok(typesOf(untagged).includes('VANISHED'));
});

test('flags that were not wanted are told when they are (RFC 5465 §3.1)', async (t) => {
  const { open } = await stand(t);
  const other = await open('SELECT INBOX');
  await fill(other, 3);
  await other.ok('NOOP');
  for (const before of ['NOTIFY NONE', `NOTIFY SET (selected (${MESSAGES}))`]) {
    const ear = await open('SELECT INBOX', before);
    await other.ok('STORE 2 +FLAGS (\\Flagged)');
    assert.deepEqual(typesOf((await ear.ok('NOOP')).untagged), []);
    await other.append('INBOX', mail('later'));
    await ear.ok('NOOP');
    await other.ok('NOOP');
    const { untagged } = await ear.ok(`NOTIFY SET (selected (${MESSAGES} FlagChange))`);
    const flagged = untagged.find((data) => data.type === 'FETCH' && data.seq === 2);
    assert.ok(flagged?.type === 'FETCH');
    assert.deepEqual(flagged.items.get('FLAGS'), ['\\Flagged']);
    await quiet(ear);
    assert.deepEqual(typesOf((await ear.ok('NOOP')).untagged), []);
    await other.ok('STORE 2 -FLAGS (\\Flagged)');
    assert.deepEqual(((await next(ear, 'FETCH'))['items'] as FetchData).get('FLAGS'), []);
    await ear.logout();
  }
});

test('NOTIFY tells first what happened until then (RFC 5465 §3.1)', async (t) => {
  const { open } = await stand(t);
  const other = await open('SELECT INBOX');
  await fill(other, 2);
  const ear = await open('SELECT INBOX');
  await other.ok('STORE 1 +FLAGS (\\Deleted)');
  await other.ok('EXPUNGE');
  await other.ok('STORE 1 +FLAGS (\\Seen)');
  await other.append('INBOX', mail('three'));
  const { untagged } = await ear.ok(`NOTIFY SET (selected (${MESSAGES}))`);
  assert.deepEqual(typesOf(untagged), ['EXPUNGE', 'EXISTS', 'RECENT', 'FETCH']);
});

test('numbers hold while a command counts in them; what is gone is told behind it (RFC 5465 §6.1.1)', async (t) => {
  const reads = hooked();
  const { open } = await stand(t, { mailbox: (real) => reads.over(real) });
  const other = await open('SELECT INBOX');
  await fill(other, 3);
  const ear = await open('SELECT INBOX', `NOTIFY SET (selected (${MESSAGES}))`);
  const remove = async (): Promise<void> => {
    reads.before = {};
    await other.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await other.ok('EXPUNGE');
  };
  await other.ok('NOOP');
  reads.before = { states: remove };
  assert.deepEqual(typesOf((await ear.ok('FETCH 1:3 (FLAGS)')).untagged), ['FETCH', 'FETCH']);
  assert.deepEqual(await told(ear), { type: 'EXPUNGE', seq: 1 });
  reads.before = { states: remove };
  const { untagged } = await ear.ok('UID FETCH 1:* (FLAGS)');
  assert.deepEqual(typesOf(untagged), ['FETCH', 'EXPUNGE']);
});

test('new messages that could not be read are told when they can', async (t) => {
  const reads = hooked();
  const { open } = await stand(t, { mailbox: (real) => reads.over(real) });
  const other = await open();
  const ear = await open('SELECT INBOX', 'NOTIFY SET (selected (MessageNew (UID) MessageExpunge))');
  const away = failing(2);
  reads.before = { entries: away.fail };
  await other.append('INBOX', mail('one'));
  assert.deepEqual([(await told(ear))['type'], (await told(ear))['type']], ['EXISTS', 'RECENT']);
  assert.equal(((await next(ear, 'FETCH'))['items'] as FetchData).get('UID'), 1);
  assert.ok(away.left < 0);
  await quiet(ear);
});

test('UPDATE fetches what becomes a result when it comes (RFC 5465 §7)', async (t) => {
  const { open } = await stand(t);
  const other = await open('SELECT INBOX');
  const ear = await open('SELECT INBOX');
  const search = 'SEARCH RETURN (COUNT UPDATE (UID BODY[HEADER.FIELDS (SUBJECT)])) SUBJECT boss';
  await ear.ok(search);
  await other.append('INBOX', mail('from the boss'));
  await other.append('INBOX', mail('nothing'));
  await ear.append('INBOX', mail('the boss, own'));
  const { untagged } = await ear.ok('NOOP');
  assert.deepEqual(untagged, []);
  await other.append('INBOX', mail('boss again'));
  const noop = await ear.ok('NOOP');
  assert.deepEqual(typesOf(noop.untagged), ['EXISTS', 'RECENT', 'ESEARCH', 'FETCH']);
  const fetched = noop.untagged[3];
  assert.ok(fetched?.type === 'FETCH');
  assert.deepEqual([...fetched.items.keys()], ['UID', 'BODY[HEADER.FIELDS (SUBJECT)]']);
  assert.equal(fetched.items.get('UID'), 4);
});

test('what NOTIFY and UPDATE want of a message comes in one response, after the search (RFC 5465 §5.2)', async (t) => {
  const { open } = await stand(t);
  const other = await open('SELECT INBOX');
  const ear = await open(
    'SELECT INBOX',
    'NOTIFY SET (selected (MessageNew (UID RFC822.SIZE) MessageExpunge FlagChange))',
    'UID SORT RETURN (UPDATE (UID INTERNALDATE)) (ARRIVAL) UTF-8 SUBJECT boss',
    'SEARCH RETURN (UPDATE (PREVIEW)) FLAGGED',
  );
  await other.append('INBOX', mail('boss'));
  const types = [];
  for (let count = 0; count < 4; count++) types.push(await told(ear));
  assert.deepEqual(
    types.map((data) => data['type']),
    ['EXISTS', 'RECENT', 'ESEARCH', 'FETCH'],
  );
  const items = types[3]!['items'] as FetchData;
  assert.deepEqual([...items.keys()], ['UID', 'RFC822.SIZE', 'INTERNALDATE']);
  await other.append('INBOX', mail('other'));
  assert.deepEqual(
    [...((await next(ear, 'FETCH'))['items'] as FetchData).keys()],
    ['UID', 'RFC822.SIZE'],
  );
  await other.ok('NOOP');
  await other.ok('STORE 1 +FLAGS (\\Flagged)');
  assert.deepEqual(
    [...((await next(ear, 'FETCH'))['items'] as FetchData).keys()],
    ['UID', 'FLAGS'],
  );
  assert.equal((await told(ear))['type'], 'ESEARCH', 'a change of flags fetches nothing');
  await quiet(ear);
});

test('a folder that is left is told of again, beginning with what was not told of it', async (t) => {
  const { open } = await stand(t);
  const other = await open('CREATE Work', 'SELECT INBOX');
  await fill(other, 2);
  const ear = await open(
    'SELECT INBOX',
    `NOTIFY SET (selected-delayed (${MESSAGES})) (personal (${MESSAGES}))`,
  );
  await other.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await other.ok('EXPUNGE');
  await quiet(ear);
  await ear.ok('UNSELECT');
  assert.equal((await status(ear, 'INBOX')).get('MESSAGES'), 1);
  await other.append('INBOX', mail('three'));
  assert.equal((await status(ear, 'INBOX')).get('MESSAGES'), 2);
  await ear.ok('SELECT INBOX');
  await other.append('INBOX', mail('four'));
  assert.deepEqual([(await told(ear))['type'], (await told(ear))['type']], ['EXISTS', 'RECENT']);
  await ear.ok('STORE 1 +FLAGS (\\Deleted)');
  await ear.ok('CLOSE');
  await quiet(ear);
  await ear.ok('SELECT INBOX');
  await ear.ok('SELECT Work');
  await quiet(ear);
  await other.append('INBOX', mail('five'));
  assert.equal((await status(ear, 'INBOX')).get('MESSAGES'), 3);
  await other.append('Work', mail('six'));
  assert.equal((await told(ear))['type'], 'EXISTS');
});

test('NOTIFY holds for whatever is selected, and until the next one', async (t) => {
  const { open } = await stand(t);
  const other = await open('CREATE Work');
  const ear = await open(`NOTIFY SET (selected (MessageNew (UID) MessageExpunge))`);
  await other.append('INBOX', mail('nothing is selected'));
  await quiet(ear);
  for (const name of ['INBOX', 'Work']) {
    await ear.ok(`EXAMINE ${name}`);
    await other.append(name, mail('one'));
    await next(ear, 'FETCH');
  }
  await ear.ok('NOTIFY SET (mailboxes Work NONE)');
  await atOnce(ear, () => other.append('Work', mail('two')));
  await quiet(ear);
});
