import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { fill, stand } from './stand.test.ts';

async function messages(client: ImapClient): Promise<unknown> {
  const { untagged } = await client.ok('STATUS INBOX (MESSAGES)');
  const [status] = untagged;
  return status?.type === 'STATUS' ? status.items.get('MESSAGES') : undefined;
}

test('CLOSE removes what is \\Deleted and tells nothing, UNSELECT and EXAMINE remove nothing', async (t) => {
  const { open } = await stand(t);
  const watcher = await open();
  const client = await open();
  await fill(client, 3);
  await client.ok('SELECT INBOX');
  await client.ok('STORE 2 +FLAGS (\\Deleted)');
  assert.deepEqual((await client.ok('UNSELECT')).untagged, []);
  assert.equal(await messages(watcher), 3);
  // To select another folder leaves the one before as UNSELECT does (RFC 9051 §6.3.2).
  await client.ok('SELECT INBOX');
  await client.ok('SELECT Trash');
  assert.equal(await messages(watcher), 3);
  await client.ok('EXAMINE INBOX');
  assert.deepEqual((await client.ok('CLOSE')).untagged, []);
  assert.equal(await messages(watcher), 3);
  for (const command of ['CLOSE', 'UNSELECT'])
    assert.equal((await client.command(command)).status, 'BAD', 'nothing is selected');
  await client.ok('SELECT INBOX');
  assert.deepEqual((await client.ok('CLOSE')).untagged, []);
  assert.equal(await messages(watcher), 2);
  assert.equal((await client.command('FETCH 1 FLAGS')).status, 'BAD', 'nothing is selected');
});
