import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchData } from '#wire';
import { fill, mail, stand } from '../stand.test.ts';
import { line, MESSAGES, oldNameIn, pair, quiet, status, told } from './listener.test.ts';

test('new messages of other folders are told by STATUS, without IDLE (RFC 5465 §5.2)', async (t) => {
  const { ear, other } = await pair(t, `(mailboxes Work (${MESSAGES}))`);
  await other.append('Work', mail('one'));
  const items = await status(ear, 'Work');
  assert.deepEqual(
    ['MESSAGES', 'UIDNEXT', 'UNSEEN', 'HIGHESTMODSEQ'].map((name) => items.get(name)),
    [1, 2, 1, undefined],
  );
  assert.ok(items.has('UIDVALIDITY'));
  await other.append('Fun', mail('nobody asked'));
  await other.ok('SELECT Work');
  await other.ok('STORE 1 +FLAGS (\\Seen)');
  await other.ok('STORE 1 +FLAGS (\\Deleted)');
  await other.ok('EXPUNGE');
  assert.equal((await status(ear, 'Work')).get('MESSAGES'), 0);
  await quiet(ear);
});

test('flags of other folders are told with the mod-sequence (RFC 5465 §5.1)', async (t) => {
  const { ear, other } = await pair(t, `(subtree Work (${MESSAGES} FlagChange))`);
  await other.append('Work/Deep', mail('one'));
  assert.equal((await status(ear, 'Work/Deep')).get('UNSEEN'), 1);
  await other.ok('SELECT Work/Deep');
  await other.ok('STORE 1 +FLAGS (\\Seen)');
  const items = await status(ear, 'Work/Deep');
  assert.equal(items.get('UNSEEN'), 0);
  assert.ok((items.get('HIGHESTMODSEQ') as number) > 1);
});

test('STATUS tells what there is before the command is over (RFC 5465 §3.1)', async (t) => {
  const { open } = await stand(t);
  const client = await open('CREATE Work', 'CREATE Fun', 'SELECT INBOX');
  await fill(client, 3, 'Work');
  const groups = `(selected (${MESSAGES})) (mailboxes (Work INBOX nowhere) (${MESSAGES}))`;
  const { untagged } = await client.ok(`NOTIFY SET STATUS ${groups}`);
  const names = untagged.map((data) => (data.type === 'STATUS' ? data.mailbox : data.type));
  assert.deepEqual(names, ['Work'], 'not of the selected one');
  assert.ok(untagged[0]?.type === 'STATUS' && untagged[0].items.get('MESSAGES') === 3);
  assert.deepEqual((await client.ok(`NOTIFY SET ${groups}`)).untagged, []);
});

test('folders that come, go and are renamed are told by LIST (RFC 5465 §5.4)', async (t) => {
  const { ear, other } = await pair(t, '(personal (MailboxName SubscriptionChange))');
  await other.ok('CREATE New (USE (\\Important))');
  assert.deepEqual(await line(ear), ['New', '\\Important', '\\HasNoChildren']);
  await other.ok('RENAME New Newer');
  assert.deepEqual(await line(ear), ['Newer', '\\Important', '\\HasNoChildren', 'was New']);
  await other.ok('SUBSCRIBE Newer');
  assert.deepEqual(await line(ear), ['Newer', '\\Important', '\\HasNoChildren', '\\Subscribed']);
  await other.ok('UNSUBSCRIBE Newer');
  assert.deepEqual(await line(ear), ['Newer', '\\Important', '\\HasNoChildren']);
  await other.ok('RENAME Work Labor');
  assert.deepEqual(await line(ear), ['Labor', '\\HasChildren', 'was Work']);
  await other.ok('DELETE Newer');
  assert.deepEqual(await line(ear), ['Newer', '\\NonExistent', '\\HasNoChildren']);
});

test('the first group that says so, or NONE, decides (RFC 5465 §6)', async (t) => {
  const groups = `(mailboxes Fun NONE) (personal (${MESSAGES})) (mailboxes Work (MailboxName))`;
  const { ear, other } = await pair(t, groups);
  await other.append('Fun', mail('quiet'));
  await other.append('Work', mail('loud'));
  await status(ear, 'Work');
  await other.ok('RENAME Work Labor');
  const renamed = await told(ear);
  assert.equal(oldNameIn(renamed), 'Work');
  await quiet(ear);
});

test('subscribed folders are those that are at the time', async (t) => {
  const { ear, other } = await pair(t, `(subscribed (${MESSAGES}))`);
  await other.append('Work', mail('not yet'));
  // It has looked by then: what comes before the subscription is not told with it.
  await quiet(ear);
  await other.ok('SUBSCRIBE Work');
  await other.append('Work', mail('now'));
  assert.equal((await status(ear, 'Work')).get('MESSAGES'), 2);
  await quiet(ear);
});

test('selected: what is asked of new messages is fetched, and expunges come at any time (RFC 5465 §6.1)', async (t) => {
  const { ear, other } = await pair(
    t,
    '(selected (MessageNew (UID ENVELOPE BODY[]) MessageExpunge FlagChange))',
    { before: ['SELECT INBOX'] },
  );
  await other.append('INBOX', mail('one'));
  assert.deepEqual(await told(ear), { type: 'EXISTS', count: 1 });
  assert.equal((await told(ear))['type'], 'RECENT');
  const data = await told(ear);
  assert.equal(data['type'], 'FETCH');
  const items = data['items'] as FetchData;
  assert.equal(items.get('UID'), 1);
  assert.match(String(items.get('BODY[]')), /Subject: one/);
  await other.ok('SELECT INBOX');
  const seen = (await other.ok('SEARCH SEEN')).untagged[0];
  assert.deepEqual(seen, { type: 'SEARCH', numbers: [] }, 'nothing becomes seen by that');
  await other.ok('STORE 1 +FLAGS (\\Flagged)');
  assert.equal((await told(ear))['type'], 'FETCH');
  await other.append('INBOX', mail('two'));
  for (const type of ['EXISTS', 'RECENT', 'FETCH']) assert.equal((await told(ear))['type'], type);
  await other.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
  assert.equal((await told(ear))['type'], 'FETCH');
  await other.ok('EXPUNGE');
  assert.deepEqual(await told(ear), { type: 'EXPUNGE', seq: 1 });
});

test('selected-delayed: expunges wait for a command that allows them (RFC 5465 §6.2)', async (t) => {
  const { open } = await stand(t);
  const other = await open('SELECT INBOX');
  await fill(other, 2);
  const ear = await open('SELECT INBOX', `NOTIFY SET (selected-delayed (${MESSAGES}))`);
  await other.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await other.ok('EXPUNGE');
  await other.append('INBOX', mail('three'));
  assert.deepEqual(await told(ear), { type: 'EXISTS', count: 3 });
  assert.equal((await told(ear))['type'], 'RECENT');
  const fetched = await ear.ok('FETCH 2 (UID)');
  assert.deepEqual(
    fetched.untagged.map((data) => data.type),
    ['FETCH'],
  );
  const { untagged } = await ear.ok('NOOP');
  assert.deepEqual(untagged, [{ type: 'EXPUNGE', seq: 1 }]);
});

test('without FlagChange others’ flags are not told; with QRESYNC expunges are VANISHED', async (t) => {
  const { open } = await stand(t);
  const other = await open('SELECT INBOX');
  await fill(other, 2);
  const ear = await open('ENABLE QRESYNC', 'SELECT INBOX', `NOTIFY SET (selected (${MESSAGES}))`);
  await other.ok('STORE 1:2 +FLAGS.SILENT (\\Deleted \\Seen)');
  await other.ok('EXPUNGE');
  const data = await told(ear);
  assert.equal(data['type'], 'VANISHED');
  assert.deepEqual(data['uids'], [{ first: 1, last: 2 }]);
  await quiet(ear);
});

test('NONE, and a registration without the selected folder: it is quiet there', async (t) => {
  for (const command of ['NOTIFY NONE', `NOTIFY SET (mailboxes Fun (${MESSAGES}))`]) {
    const { open } = await stand(t);
    const other = await open('CREATE Fun');
    const ear = await open('SELECT INBOX', command);
    await other.append('INBOX', mail('one'));
    await quiet(ear);
    assert.deepEqual((await ear.ok('LIST "" ""')).untagged.length, 1);
    const idle = await ear.idle();
    await other.append('INBOX', mail('two'));
    assert.deepEqual((await idle.done()).untagged, []);
    // Who asks is told.
    const { untagged } = await ear.ok('NOOP');
    assert.ok(untagged.some((data) => data.type === 'EXISTS' && data.count === 2));
  }
});

test('in IDLE all that NOTIFY named is told too', async (t) => {
  const groups = `(selected (${MESSAGES})) (personal (${MESSAGES} MailboxName))`;
  const { ear, other } = await pair(t, groups, { before: ['SELECT INBOX'] });
  const idle = await ear.idle();
  await other.append('Work', mail('one'));
  await idle.waitFor((data) => data.type === 'STATUS' && data.mailbox === 'Work', 'STATUS');
  await other.append('INBOX', mail('two'));
  await idle.waitFor((data) => data.type === 'EXISTS', 'EXISTS');
  assert.equal((await idle.done()).status, 'OK');
});

test('annotations are told where they were asked for (RFC 5465 §5.6, §5.7)', async (t) => {
  const { ear, other } = await pair(t, '(mailboxes Work (MailboxMetadataChange))');
  await other.ok('SETMETADATA Fun (/shared/comment "nobody hears")');
  await other.ok('SETMETADATA Work (/shared/comment "heard")');
  assert.deepEqual(await told(ear), {
    type: 'METADATA',
    mailbox: 'Work',
    changed: ['/shared/comment'],
  });
});

test('bad registrations leave the old one in place', async (t) => {
  const { ear, other } = await pair(t, `(mailboxes Work (${MESSAGES}))`);
  assert.equal((await ear.command('NOTIFY SET (personal (MessageNew))')).status, 'BAD');
  const refused = await ear.command('NOTIFY SET (personal (AnnotationChange))');
  assert.equal(refused.status, 'NO');
  assert.match(refused.codeText ?? '', /^BADEVENT \(MessageNew /);
  await other.append('Work', mail('one'));
  await status(ear, 'Work');
});

test('a burst is told once, and who logs out of it hears no more', async (t) => {
  const { ear, other } = await pair(t, `(personal (${MESSAGES}))`);
  await fill(other, 20, 'Work');
  let last = 0;
  let lines = 0;
  while (last < 20) {
    last = (await status(ear, 'Work')).get('MESSAGES') as number;
    lines++;
  }
  assert.ok(lines <= 20);
  await ear.ok('UNAUTHENTICATE');
  await other.append('Work', mail('more'));
  await quiet(ear);
});
