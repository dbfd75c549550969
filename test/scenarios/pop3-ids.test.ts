import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMailboxes, TestDirectory, TestServer } from '../server.ts';

const LISTEN = ['smtp', 'pop3'] as const;

async function deliver(server: TestServer, address: string, count: number): Promise<void> {
  await using client = await server.smtp();
  for (let number = 0; number < count; number++)
    await client.sendMail('bob@elsewhere.test', [address], `Subject: ${number}\r\n\r\ntext\r\n`);
}

async function idsOf(server: TestServer, address: string): Promise<readonly string[]> {
  const client = await server.pop3(address);
  const listing = await client.listing('UIDL');
  await client.quit();
  return listing.map((line) => line.split(' ')[1]!);
}

test('unique-ids are the same after a restart, and none is given twice (RFC 1939 §7)', {
  timeout: 120_000,
}, async () => {
  using directory = new TestDirectory();
  const { data } = directory;
  const [address] = (await addMailboxes(data, 1)) as [string];
  await using first = await TestServer.start({ data, listen: LISTEN });
  await deliver(first, address, 3);
  const before = await idsOf(first, address);
  assert.equal(new Set(before).size, 3);
  for (const id of before) assert.match(id, /^[\x21-\x7e]{1,70}$/);
  const client = await first.pop3(address);
  await client.expectOk('DELE 3');
  await client.quit();
  await first.stop();
  await using second = await TestServer.start({ data, listen: LISTEN });
  assert.deepEqual(await idsOf(second, address), before.slice(0, 2));
  await deliver(second, address, 1);
  await second.kill9();
  await using third = await TestServer.start({ data, listen: LISTEN });
  const after = await idsOf(third, address);
  assert.deepEqual(after.slice(0, 2), before.slice(0, 2));
  assert.equal(after.length, 3);
  assert.ok(!before.includes(after[2]!), 'the id of what was removed is not given again');
  await third.stop();
});
