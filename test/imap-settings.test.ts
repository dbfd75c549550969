import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapClient } from './clients/imap.ts';
import { addMailboxes, TestDirectory, TestServer } from './server.ts';

async function capabilities(client: ImapClient): Promise<readonly string[]> {
  const { untagged } = await client.ok('CAPABILITY');
  return untagged.flatMap((data) => (data.type === 'CAPABILITY' ? data.capabilities : []));
}

test('what the configuration says of IMAP reaches the sessions', { timeout: 120_000 }, async () => {
  using directory = new TestDirectory();
  const { data } = directory;
  const [first, second] = (await addMailboxes(data, 2)) as [string, string];
  await using server = await TestServer.start({
    data,
    listen: ['imap'],
    config: {
      administrators: [first],
      imap: {
        messageLimit: 1000,
        disable: [
          { client: 'Old*', capabilities: ['COMPRESS'] },
          { mailbox: second, capabilities: ['QRESYNC'] },
        ],
      },
    },
  });
  const plain = await capabilities(await server.imap(first));
  for (const name of ['MESSAGELIMIT=1000', 'COMPRESS=DEFLATE', 'QRESYNC', 'QUOTASET'])
    assert.ok(plain.includes(name), name);
  const old = await server.imap(first);
  await old.ok('ID ("name" "Old Mail")');
  assert.ok(!(await capabilities(old)).includes('COMPRESS=DEFLATE'));
  const other = await server.imap(second);
  assert.ok(!(await capabilities(other)).includes('QRESYNC'));
  assert.ok(!(await capabilities(other)).includes('QUOTASET'));
  await other.compress();
  assert.equal((await other.command('LOGOUT')).status, 'OK');
  await server.stop();
});
