import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRanges } from '#wire';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { mail, stand } from './stand.test.ts';

/** Folders with messages: subjects `x` and `y` in the numbers given. */
async function fillFolders(client: ImapClient): Promise<void> {
  for (const name of ['a', 'a/b', 'a/b/c', 'a&-d', 'other']) await client.ok(`CREATE ${name}`);
  for (const [folder, subjects] of [
    ['INBOX', 'xy'],
    ['a', 'x'],
    ['a/b', 'yx'],
    ['a/b/c', 'xx'],
    ['a&d', 'x'],
    ['other', 'y'],
  ] as const)
    for (const subject of subjects) {
      const name = folder === 'a&d' ? 'a&-d' : folder;
      await client.append(name, mail(`${subject}${subject}`));
    }
}

/** Answers as `MAILBOX RESULTS`, in order. */
async function esearch(client: ImapClient, rest: string): Promise<readonly string[]> {
  const { untagged } = await client.ok(`ESEARCH ${rest}`);
  return untagged.flatMap((data) => {
    if (data.type !== 'ESEARCH') return [];
    assert.ok(data.uid && data.tag !== undefined && (data.uidValidity ?? 0) > 0);
    const { mailbox, all, count, min, partial } = data;
    const results = [all && formatRanges(all), count && `#${count}`, min && `<${min}`];
    if (partial !== undefined) results.push(`p${formatRanges(partial.results)}`);
    return [`${mailbox} ${results.filter((each) => each !== undefined).join(' ')}`];
  });
}

test('folders by name, below others, subscribed, all', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fillFolders(client);
  await client.ok('SUBSCRIBE a/b');
  await client.ok('SUBSCRIBE nowhere');
  const x = 'SUBJECT xx';
  assert.deepEqual(await esearch(client, `IN (mailboxes (other a INBOX none)) ${x}`), [
    'INBOX 1',
    'a 1',
  ]);
  assert.deepEqual(await esearch(client, `IN (subtree a) ${x}`), ['a 1', 'a/b 2', 'a/b/c 1:2']);
  assert.deepEqual(await esearch(client, `IN (subtree-one a) ${x}`), ['a 1', 'a/b 2']);
  assert.deepEqual(await esearch(client, `IN (subscribed) ${x}`), ['INBOX 1', 'a/b 2']);
  const everywhere = ['INBOX 1', 'a 1', 'a/b 2', 'a/b/c 1:2', 'a&d 1'];
  assert.deepEqual((await esearch(client, `IN (personal) ${x}`)).toSorted(), everywhere.toSorted());
  assert.deepEqual((await esearch(client, `IN (inboxes) ${x}`)).toSorted(), everywhere.toSorted());
  // One answer for each folder, however often it is named.
  assert.deepEqual(await esearch(client, `IN (mailboxes a subtree-one (a a)) ${x}`), [
    'a 1',
    'a/b 2',
  ]);
  assert.deepEqual(await esearch(client, 'IN (subtree a) RETURN (COUNT MIN) SUBJECT yy'), [
    'a/b #1 <1',
  ]);
  assert.deepEqual(await esearch(client, 'IN (subtree a) RETURN (PARTIAL 2:2) ALL'), [
    'a p',
    'a/b p2',
    'a/b/c p2',
  ]);
  assert.deepEqual(await esearch(client, 'IN (subtree a) 2'), ['a/b 2', 'a/b/c 2']);
  assert.deepEqual(await esearch(client, 'IN (personal) SUBJECT nothing'), []);
});

test('the selected folder', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fillFolders(client);
  for (const bad of ['ALL', 'IN (selected) ALL', 'IN (personal) RETURN (UPDATE) ALL'])
    assert.equal((await client.command(`ESEARCH ${bad}`)).status, 'BAD', bad);
  await client.ok('SELECT a/b');
  assert.deepEqual(await esearch(client, 'SUBJECT xx'), ['a/b 2']);
  assert.deepEqual(await esearch(client, 'RETURN (SAVE) SUBJECT xx'), []);
  assert.deepEqual(await esearch(client, 'IN (selected mailboxes a) $'), ['a/b 2']);
  assert.deepEqual(await esearch(client, 'RETURN (SAVE COUNT) $'), ['a/b #1']);
  assert.deepEqual(await esearch(client, '$'), ['a/b 2']);
  assert.deepEqual(await esearch(client, 'RETURN (SAVE COUNT) $ SUBJECT none'), []);
  assert.deepEqual(await esearch(client, '$'), []);
  assert.equal((await client.command('ESEARCH IN (personal) RETURN (SAVE) ALL')).status, 'BAD');
  // It stays selected, and its view as it is.
  const { untagged } = await client.ok('FETCH 2 (UID)');
  assert.equal(untagged.length, 1);
});

test('updates are of the selected folder, and say so', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fillFolders(client);
  await client.ok('SELECT a');
  await client.ok('ESEARCH IN (subtree a) RETURN (UPDATE COUNT) UNSEEN');
  const { untagged } = await client.ok('STORE 1 +FLAGS (\\Seen)');
  const update = untagged.find((data) => data.type === 'ESEARCH');
  assert.ok(update?.type === 'ESEARCH');
  assert.deepEqual([update.mailbox, update.uid, update.removeFrom?.length], ['a', true, 1]);
  const elsewhere = await client.ok('ESEARCH IN (mailboxes other) RETURN (UPDATE COUNT) ALL');
  const refused = elsewhere.untagged.find((data) => data.type === 'STATUS-RESPONSE');
  assert.ok(refused?.type === 'STATUS-RESPONSE' && refused.code === 'NOUPDATE');
});
