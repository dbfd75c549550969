import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandPiece, ImapClient } from '../../../test/clients/imap.ts';
import { fill, mail, PASSWORD, type Stand, stand, USER } from './stand.test.ts';

const ADMIN = 'admin@example.test';

/** A stand with an administrator. */
async function withAdministrator(...args: Parameters<typeof stand>): Promise<{
  readonly house: Stand;
  readonly admin: ImapClient;
}> {
  const [t, options] = args;
  const house = await stand(t, { ...options, administrators: [ADMIN] });
  await house.directory.addMailbox(ADMIN, { password: PASSWORD });
  const admin = await house.connect();
  await admin.login(ADMIN, PASSWORD);
  return { house, admin };
}

async function capabilities(client: ImapClient): Promise<readonly string[]> {
  const { untagged } = await client.ok('CAPABILITY');
  const [data] = untagged;
  return data?.type === 'CAPABILITY' ? data.capabilities : [];
}

async function answers(client: ImapClient, command: string): Promise<unknown> {
  return (await client.ok(command)).untagged;
}

test('GETQUOTAROOT and GETQUOTA tell of the own mailbox (RFC 9208 §4.1)', async (t) => {
  const { open } = await stand(t, { quotaBytes: 10_000 });
  const client = await open();
  await client.append('INBOX', mail('one', `${'x'.repeat(1200)}\r\n`));
  const quota = {
    type: 'QUOTA',
    root: USER,
    resources: [{ name: 'STORAGE', usage: 2, limit: 10 }],
  };
  const root = { type: 'QUOTAROOT', mailbox: 'INBOX', roots: [USER] };
  assert.deepEqual(await answers(client, 'GETQUOTAROOT inbox'), [root, quota]);
  assert.deepEqual(await answers(client, 'GETQUOTAROOT "not yet"'), [
    { ...root, mailbox: 'not yet' },
    quota,
  ]);
  assert.deepEqual(await answers(client, `GETQUOTA ${USER}`), [quota]);
  for (const name of ['""', ADMIN, 'x'])
    assert.equal((await client.command(`GETQUOTA ${name}`)).code, 'NONEXISTENT', name);
});

test('without a limit there is no quota root', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  assert.deepEqual(await answers(client, 'GETQUOTAROOT INBOX'), [
    { type: 'QUOTAROOT', mailbox: 'INBOX', roots: [] },
  ]);
  assert.equal((await client.command(`GETQUOTA ${USER}`)).code, 'NONEXISTENT');
});

test('SETQUOTA is for administrators, and only they hear of it (RFC 9208 §4.1.3)', async (t) => {
  const { house, admin } = await withAdministrator(t, { quotaBytes: 5000 });
  const client = await house.open();
  const shown = await capabilities(client);
  for (const name of ['QUOTA', 'QUOTA=RES-STORAGE', 'QUOTA=RES-MESSAGE'])
    assert.ok(shown.includes(name), name);
  assert.ok(!shown.includes('QUOTASET'));
  assert.ok((await capabilities(admin)).includes('QUOTASET'));
  assert.equal((await client.command(`SETQUOTA ${USER} (STORAGE 1)`)).code, 'NOPERM');
  assert.deepEqual(await answers(admin, `SETQUOTA ${USER} (MESSAGE 3 STORAGE 20)`), [
    {
      type: 'QUOTA',
      root: USER,
      resources: [
        { name: 'STORAGE', usage: 0, limit: 20 },
        { name: 'MESSAGE', usage: 0, limit: 3 },
      ],
    },
  ]);
  // What is not named has no limit any more.
  await admin.ok(`SETQUOTA ${USER} (MESSAGE 4)`);
  const info = await house.directory.mailbox(USER);
  assert.deepEqual([info?.quotaBytes, info?.quotaMessages], [undefined, 4]);
  assert.equal(((await answers(admin, `GETQUOTA ${USER}`)) as unknown[]).length, 1);
  assert.deepEqual(await answers(admin, `SETQUOTA ${USER} ()`), []);
  assert.equal((await admin.command(`GETQUOTA ${USER}`)).code, 'NONEXISTENT');
  assert.equal((await admin.command(`SETQUOTA ${USER} (MAILBOX 4)`)).code, 'CANNOT');
  for (const name of ['nobody@example.test', '""', '"no address"'])
    assert.equal((await admin.command(`SETQUOTA ${name} (MESSAGE 4)`)).code, 'NONEXISTENT', name);
  await admin.ok(`SETQUOTA ${USER} (STORAGE 9223372036854775807)`);
  const [, most] = (await answers(client, 'GETQUOTAROOT INBOX')) as { resources: unknown }[];
  assert.deepEqual(most?.resources, [{ name: 'STORAGE', usage: 0, limit: 2 ** 43 - 1 }]);
});

test('what would exceed a limit of messages is refused with OVERQUOTA, as a whole', async (t) => {
  const { house, admin } = await withAdministrator(t);
  const client = await house.open('SELECT INBOX');
  await admin.ok(`SETQUOTA ${USER} (MESSAGE 3)`);
  await fill(client, 2);
  const code = async (...pieces: readonly CommandPiece[]) => (await client.command(...pieces)).code;
  assert.equal(await code('APPEND INBOX ', mail('3'), ' ', mail('4')), 'OVERQUOTA');
  assert.equal(await code('COPY 1:2 Archive'), 'OVERQUOTA');
  const uidValidity = /^APPENDUID (\d+)/.exec(
    (await client.command('APPEND Archive ', mail('5'))).codeText!,
  )?.[1];
  assert.ok(uidValidity !== undefined);
  assert.equal(await code('APPEND INBOX ', mail('6')), 'OVERQUOTA');
  client.send('x APPEND INBOX {10}\r\n');
  assert.equal((await client.completion('x')).code, 'OVERQUOTA', 'before the message is sent');
  assert.equal(await code('APPEND INBOX CATENATE (URL "/INBOX/;UID=1")'), 'OVERQUOTA');
  assert.equal(await code('REPLACE 1 INBOX ', mail('7')), 'OVERQUOTA');
  await client.ok('MOVE 1 Archive');
  await client.ok('STORE 1 +FLAGS (\\Deleted)');
  await client.ok('EXPUNGE');
  assert.match((await client.ok('APPEND INBOX ', mail('8'))).codeText!, /^APPENDUID/);
});

test('STATUS tells what an EXPUNGE would free (RFC 9208 §4.1.4)', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  await fill(client, 4);
  const items = async (command: string) => {
    const { untagged } = await client.ok(command);
    const found = untagged.find((data) => data.type === 'STATUS' && data.mailbox === 'INBOX');
    assert.ok(found?.type === 'STATUS');
    return [found.items.get('DELETED'), found.items.get('DELETED-STORAGE')];
  };
  const asked = 'STATUS INBOX (DELETED DELETED-STORAGE)';
  assert.deepEqual(await items(asked), [0, 0]);
  await client.ok('STORE 2:3 +FLAGS.SILENT (\\Deleted)');
  assert.deepEqual(await items(asked), [2, 2 * mail('message 2').length]);
  const listed = 'LIST "" * RETURN (STATUS (DELETED DELETED-STORAGE))';
  assert.deepEqual(await items(listed), [2, 2 * mail('message 2').length]);
  await client.ok('EXPUNGE');
  assert.deepEqual(await items(asked), [0, 0]);
});

test('QUOTA can be kept from a client', async (t) => {
  const { open } = await stand(t, {
    quotaBytes: 1000,
    switchOffs: [{ mailbox: USER, capabilities: ['QUOTA'] }],
  });
  const client = await open();
  assert.ok(!(await capabilities(client)).some((name) => name.startsWith('QUOTA')));
  assert.equal((await client.command('GETQUOTAROOT INBOX')).status, 'BAD');
});
