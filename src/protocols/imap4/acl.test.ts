import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AclData } from '#wire';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { stand, USER } from './stand.test.ts';

const BOB = 'bob@example.test';
const EVE = 'eve@example.test';

/** What a command tells of rights, each as one line. */
async function told(client: ImapClient, command: string): Promise<readonly string[]> {
  const { untagged } = await client.ok(command);
  return untagged
    .filter((data): data is AclData => /^(ACL|LISTRIGHTS|MYRIGHTS)$/.test(data.type))
    .map((data) => {
      if (data.type === 'MYRIGHTS') return `${data.mailbox}: ${data.rights}`;
      if (data.type === 'LISTRIGHTS')
        return `${data.mailbox} ${data.identifier}: ${[data.required || '-', ...data.optional].join(' ')}`;
      const entries = data.entries.map(({ identifier, rights }) => ` ${identifier} ${rights}`);
      return `${data.mailbox}:${entries.join('')}`;
    });
}

/** How a command that is refused is refused. */
async function refusal(client: ImapClient, command: string): Promise<string> {
  const { status, code, text } = await client.command(command);
  return `${status}${code === undefined ? '' : ` [${code}]`} ${text}`;
}

test('GETACL tells the owner first; SETACL replaces, adds and removes, DELETEACL removes (RFC 4314 §3)', async (t) => {
  const { open, openAs, directory } = await stand(t);
  await openAs(BOB);
  await directory.addAddress(BOB, 'robert@example.test');
  const client = await open('CREATE a');
  const all = `${USER} lrswipkxteacd`;
  assert.deepEqual(await told(client, 'GETACL a'), [`a: ${all}`]);
  await client.ok(`SETACL a Robert@Example.TEST lrswida`);
  await client.ok(`SETACL a anyone lr`);
  await client.ok(`SETACL a -${BOB} e`);
  assert.deepEqual(await told(client, 'GETACL a'), [
    `a: ${all} anyone lr ${BOB} lrswitead -${BOB} ed`,
  ]);
  await client.ok(`SETACL a ${BOB} +k`);
  await client.ok(`SETACL a ${BOB} -swited`);
  await client.ok('DELETEACL a anyone');
  await client.ok('DELETEACL a anyone');
  await client.ok(`SETACL a -${BOB} ""`);
  assert.deepEqual(await told(client, 'GETACL a'), [`a: ${all} ${BOB} lrkac`]);
  assert.deepEqual(await told(client, 'GETACL INBOX'), [`INBOX: ${all}`]);
});

test('LISTRIGHTS tells what can be granted, by the identifier as it was given; MYRIGHTS what one has (RFC 4314 §3.4, §3.5)', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const client = await open();
  const each = '- l r s w i p k x t e a c d';
  assert.deepEqual(await told(client, `LISTRIGHTS inbox BOB@example.test`), [
    `INBOX BOB@example.test: ${each}`,
  ]);
  assert.deepEqual(await told(client, 'LISTRIGHTS INBOX -anyone'), [`INBOX -anyone: ${each}`]);
  assert.deepEqual(await told(client, `LISTRIGHTS INBOX ${USER}`), [
    `INBOX ${USER}: lrswipkxteacd`,
  ]);
  assert.deepEqual(await told(client, 'MYRIGHTS INBOX'), ['INBOX: lrswipkxteacd']);
  await client.ok(`SETACL INBOX ${BOB} lrx`);
  const name = `Other Users/${USER}/INBOX`;
  assert.deepEqual(await told(bob, `MYRIGHTS "${name}"`), [`${name}: lrxc`]);
});

test('what cannot be granted is refused, naming it', async (t) => {
  const { open, openAs } = await stand(t);
  await openAs(BOB);
  const client = await open();
  for (const identifier of [
    'nobody@example.test',
    'nobody',
    'bob',
    '-bob',
    '$team',
    'x@elsewhere.test',
  ])
    assert.equal(
      await refusal(client, `SETACL INBOX ${identifier} lr`),
      `NO Nobody here has the address ${identifier.replace(/^-/, '')}`,
    );
  for (const command of [
    `SETACL INBOX ${USER} lr`,
    `SETACL INBOX -${USER} lr`,
    `DELETEACL INBOX ${USER}`,
  ])
    assert.equal(await refusal(client, command), 'NO The owner always has all rights');
  assert.match(await refusal(client, `SETACL INBOX ${BOB} lrq`), /^BAD /);
  assert.match(await refusal(client, `SETACL nowhere ${BOB} lr`), /^NO \[NONEXISTENT\]/);
  assert.match(await refusal(client, 'GETACL nowhere'), /^NO \[NONEXISTENT\]/);
});

test('everybody’s rights and one’s own are added, negative ones taken away (RFC 4314 §2)', async (t) => {
  const { open, openAs } = await stand(t);
  const [bob, eve] = [await openAs(BOB), await openAs(EVE)];
  const client = await open();
  const name = `"Other Users/${USER}/INBOX"`;
  const rights = async (of: ImapClient) => (await told(of, `MYRIGHTS ${name}`))[0]!.split(': ')[1];
  await client.ok('SETACL INBOX anyone lrs');
  await client.ok(`SETACL INBOX ${BOB} wi`);
  await client.ok(`SETACL INBOX -${BOB} s`);
  await client.ok(`SETACL INBOX -anyone r`);
  assert.equal(await rights(bob), 'lwi');
  assert.equal(await rights(eve), 'ls');
  await client.ok(`SETACL INBOX -${BOB} l`);
  assert.match(await refusal(bob, `MYRIGHTS ${name}`), /^NO \[NONEXISTENT\]/);
  assert.equal(await rights(eve), 'ls');
});

test('who may administer grants and takes away; nobody else, and who may not look sees nothing (RFC 4314 §6)', async (t) => {
  const { open, openAs } = await stand(t);
  const [bob, eve] = [await openAs(BOB), await openAs(EVE)];
  const client = await open(`SETACL INBOX ${BOB} la`);
  const name = `"Other Users/${USER}/INBOX"`;
  for (const command of ['GETACL', 'MYRIGHTS'])
    assert.match(await refusal(eve, `${command} ${name}`), /^NO \[NONEXISTENT\]/);
  assert.match(await refusal(eve, `SETACL ${name} ${EVE} lra`), /^NO \[NONEXISTENT\]/);
  await bob.ok(`SETACL ${name} ${EVE} lr`);
  assert.deepEqual(await told(client, 'GETACL INBOX'), [
    `INBOX: ${USER} lrswipkxteacd ${BOB} la ${EVE} lr`,
  ]);
  for (const command of [
    `GETACL ${name}`,
    `SETACL ${name} ${EVE} +a`,
    `SETACL ${name} nobody@example.test +a`,
    `DELETEACL ${name} ${BOB}`,
    `LISTRIGHTS ${name} ${BOB}`,
  ])
    assert.match(await refusal(eve, command), /^NO \[NOPERM\]/, command);
  assert.match(await refusal(bob, `SETACL ${name} ${USER} l`), /^NO The owner/);
  await bob.ok(`SETACL ${name} ${BOB} -a`);
  assert.match(await refusal(bob, `SETACL ${name} ${BOB} +a`), /^NO \[NOPERM\]/);
});

test('a removed mailbox is in no list any more, and its own folders are nobody’s', async (t) => {
  const { open, openAs, directory } = await stand(t);
  const bob = await openAs(BOB, 'CREATE shared', `SETACL shared ${USER} lr`);
  const client = await open('CREATE a', `SETACL a ${BOB} lr`, 'SETACL a anyone l');
  const theirs = `"Other Users/${BOB}/shared"`;
  await client.ok(`SELECT ${theirs}`);
  const idle = await client.idle();
  await directory.removeMailbox(BOB);
  await bob.closed();
  const bye = await idle.waitFor((data) => data.type === 'STATUS-RESPONSE', 'BYE');
  assert.ok(
    bye.type === 'STATUS-RESPONSE' && bye.condition === 'BYE' && bye.code === 'NONEXISTENT',
  );
  await client.closed();
  const again = await open();
  assert.deepEqual(await told(again, 'GETACL a'), [`a: ${USER} lrswipkxteacd anyone l`]);
  assert.match(await refusal(again, `SELECT ${theirs}`), /^NO \[NONEXISTENT\]/);
});
