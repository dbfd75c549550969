import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PosthornError } from '#kernel';
import { mail, stand } from './stand.test.ts';

test('what another session did is told, also after a STORE that changed nothing', async (t) => {
  const { open } = await stand(t);
  const one = await open();
  for (const subject of ['1', '2']) await one.append('INBOX', mail(subject));
  await one.ok('SELECT INBOX');
  await one.ok('STORE 1 +FLAGS (\\Seen)');
  const other = await open('SELECT INBOX');
  await other.ok('STORE 2 +FLAGS (\\Flagged)');
  const heard = [await one.ok('STORE 1 +FLAGS (\\Seen)'), await one.ok('NOOP')];
  const untagged = heard.flatMap((completion) => completion.untagged);
  assert.ok(untagged.some((data) => data.type === 'FETCH' && data.seq === 2));
});

test('what is gone and what came is told also when \\Recent cannot be claimed', async (t) => {
  const { store, open } = await stand(t);
  let full = false;
  const openMailbox = store.openMailbox.bind(store);
  store.openMailbox = (...of) => {
    const mailbox = openMailbox(...of);
    const claimRecent = mailbox.claimRecent.bind(mailbox);
    mailbox.claimRecent = async (folderId) => {
      if (full) throw new PosthornError('disk-full');
      return claimRecent(folderId);
    };
    return mailbox;
  };
  const one = await open();
  for (const subject of ['1', '2', '3']) await one.append('INBOX', mail(subject));
  await one.ok('SELECT INBOX');
  const other = await open('SELECT INBOX', 'STORE 1 +FLAGS (\\Deleted)', 'EXPUNGE');
  full = true;
  await other.append('INBOX', mail('4'));
  await (await open()).ok('SELECT INBOX');
  const { untagged } = await one.ok('NOOP');
  assert.deepEqual(
    untagged.flatMap((data) => {
      if (data.type === 'EXPUNGE') return [`EXPUNGE ${data.seq}`];
      return data.type === 'EXISTS' ? [`EXISTS ${data.count}`] : [];
    }),
    ['EXPUNGE 1', 'EXISTS 3'],
  );
});
