/** By NOTIFY clients hear, without IDLE, of what other threads and other nodes did. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Untagged } from '#wire';
import type { ImapClient } from '../clients/imap.ts';
import { addMailboxes, skipWithoutPostgres, TestDirectory, TestServer } from '../server.ts';
import { belowTrace } from './inbox.ts';

const SESSIONS = 40;

type Told<Type> = Extract<
  Untagged,
  { readonly type: Type extends 'LIST' ? 'LIST' | 'LSUB' : Type }
>;

/** Takes what is told up to something, which is given. */
async function heard<Type extends 'FETCH' | 'LIST' | 'METADATA' | 'STATUS'>(
  client: ImapClient,
  type: Type,
): Promise<Told<Type>> {
  for (;;) {
    const response = await client.response(type);
    assert.ok(response.kind === 'untagged', JSON.stringify(response));
    if (response.data.type === type) return response.data as Told<Type>;
  }
}

test(`${SESSIONS} clients on two threads get a message that comes, without asking`, async () => {
  using dir = new TestDirectory();
  const [address] = await addMailboxes(dir.data, 1);
  await using server = await TestServer.start({ data: dir.data, config: { fronts: 2 } });
  const clients: ImapClient[] = [];
  for (let count = 0; count < SESSIONS; count++) {
    const client = await server.imap(address!);
    await client.ok('SELECT INBOX');
    await client.ok('NOTIFY SET (selected (MessageNew (UID BODY.PEEK[]) MessageExpunge))');
    clients.push(client);
  }
  await using sender = await server.smtp();
  const message = 'Subject: ring\r\n\r\nIt rings.\r\n';
  const { code } = await sender.sendMail('bell@sender.example', [address!], message);
  assert.equal(code, 250);
  for (const client of clients) {
    const { items } = await heard(client, 'FETCH');
    const body = items.get('BODY[]');
    assert.ok(Buffer.isBuffer(body));
    assert.equal(belowTrace(1, body).bytes.toString(), message);
    client.close();
  }
  await server.stop();
});

test('a client on one node is told by NOTIFY what happens on another', {
  skip: skipWithoutPostgres,
}, async () => {
  using dirA = new TestDirectory();
  using dirB = new TestDirectory({ sharedWith: dirA });
  const [address, friend] = await addMailboxes(dirA.data, 2);
  await using a = await TestServer.start({ data: dirA.data });
  await using b = await TestServer.start({ data: dirB.data });
  await using ear = await b.imap(address!);
  const events = 'MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange';
  await ear.ok(
    `NOTIFY SET (personal (${events} MailboxMetadataChange)) (subtree "Other Users" (${events}))`,
  );
  await using other = await a.imap(address!);
  await other.ok('CREATE Work');
  assert.equal((await heard(ear, 'LIST')).mailbox, 'Work');
  assert.equal((await heard(ear, 'STATUS')).items.get('MESSAGES'), 0, 'with its UIDVALIDITY');
  await other.append('Work', Buffer.from('Subject: one\r\n\r\none\r\n'));
  assert.equal((await heard(ear, 'STATUS')).items.get('MESSAGES'), 1);
  await other.ok('SELECT Work');
  await other.ok('STORE 1 +FLAGS (\\Seen)');
  assert.equal((await heard(ear, 'STATUS')).items.get('UNSEEN'), 0);
  await other.ok('SUBSCRIBE Work');
  assert.ok((await heard(ear, 'LIST')).attributes.includes('\\Subscribed'));
  await other.ok('SETMETADATA Work (/shared/comment "heard")');
  assert.equal((await heard(ear, 'METADATA')).mailbox, 'Work');
  await other.ok('RENAME Work Labor');
  assert.equal((await heard(ear, 'LIST')).mailbox, 'Labor');
  await using owner = await a.imap(friend!);
  await owner.ok('CREATE Shared');
  await owner.ok(`SETACL Shared ${address} lr`);
  assert.equal((await heard(ear, 'LIST')).mailbox, `Other Users/${friend}/Shared`);
  assert.equal((await heard(ear, 'STATUS')).items.get('MESSAGES'), 0);
  await owner.append('Shared', Buffer.from('Subject: two\r\n\r\ntwo\r\n'));
  const { mailbox, items } = await heard(ear, 'STATUS');
  assert.deepEqual([mailbox, items.get('MESSAGES')], [`Other Users/${friend}/Shared`, 1]);
  await a.stop();
  await b.stop();
});
