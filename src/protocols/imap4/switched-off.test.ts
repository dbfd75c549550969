import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { PASSWORD, stand, USER } from './stand.test.ts';
import { switchedOff } from './switched-off.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 60_000 };

async function capabilities(client: ImapClient): Promise<readonly string[]> {
  const { untagged } = await client.ok('CAPABILITY');
  const data = untagged.find(({ type }) => type === 'CAPABILITY');
  return data?.type === 'CAPABILITY' ? data.capabilities : [];
}

test('rules fit by the names of client and mailbox', () => {
  const off = (rule: { client?: string; mailbox?: string }, client?: string, mailbox?: string) =>
    switchedOff([{ ...rule, capabilities: ['Idle'] }], client, mailbox).has('IDLE');
  assert.equal(off({ client: 'Bad*' }, 'badmail 1.0'), true);
  assert.equal(off({ client: 'Bad*' }, 'my badmail'), false);
  assert.equal(off({ client: 'Bad*' }, undefined), false);
  assert.equal(off({ client: 'B?d (x)' }, 'bad (x)'), true);
  assert.equal(off({ client: 'a.c' }, 'abc'), false, 'a dot is a dot');
  assert.equal(off({ mailbox: '*@example.test' }, undefined, 'ann@example.test'), true);
  assert.equal(off({ mailbox: '*@example.test' }, undefined, 'ann@example.testing'), false);
  const both = { client: 'x', mailbox: 'ann@*' };
  assert.equal(off(both, 'x', 'ann@example.test'), true);
  assert.equal(off(both, 'x', 'bob@example.test'), false);
});

test('what is switched off for a client is neither told nor done (RFC 2971)', LIMIT, async (t) => {
  const switchOffs = [
    { client: 'Bad*', capabilities: ['COMPRESS', 'QRESYNC', 'idle', 'AUTH=LOGIN'] },
  ];
  const { open, connect } = await stand(t, { switchOffs });
  const bad = await connect();
  assert.ok((await capabilities(bad)).includes('IDLE'));
  const named = await bad.ok('ID ("name" "BadMail" "version" "1")');
  assert.ok(
    named.untagged.some(({ type }) => type === 'CAPABILITY'),
    'the list has changed',
  );
  assert.ok(!(await capabilities(bad)).includes('AUTH=LOGIN'));
  assert.equal((await bad.command('AUTHENTICATE LOGIN')).code, 'CANNOT');
  const { codeText } = await bad.login(USER, PASSWORD);
  for (const name of ['IDLE', 'COMPRESS=DEFLATE', 'QRESYNC'])
    assert.ok(!codeText!.split(' ').includes(name), name);
  assert.ok(codeText!.includes('CONDSTORE'));
  assert.equal((await bad.command('IDLE')).status, 'BAD');
  assert.equal((await bad.command('COMPRESS DEFLATE')).status, 'BAD');
  const enabled = await bad.ok('ENABLE QRESYNC CONDSTORE');
  assert.deepEqual(enabled.untagged, [{ type: 'ENABLED', capabilities: ['CONDSTORE'] }]);
  await bad.ok('UNAUTHENTICATE');
  assert.ok(!(await capabilities(bad)).includes('IDLE'), 'it is the same client still');
  const good = await open();
  const { untagged } = await good.ok('ID ("name" "Good")');
  assert.ok(!untagged.some(({ type }) => type === 'CAPABILITY'));
  assert.ok((await capabilities(good)).includes('IDLE'));
  assert.equal((await (await good.idle()).done()).status, 'OK');
});

test(
  'what is switched off for a mailbox comes with the login and goes with it',
  LIMIT,
  async (t) => {
    const switchOffs = [{ mailbox: USER, capabilities: ['MOVE', 'REPLACE'] }];
    const { connect, directory } = await stand(t, { switchOffs });
    await directory.addMailbox('bob@example.test', { password: 'another horse' });
    const client = await connect();
    await client.login(USER, PASSWORD);
    assert.ok(!(await capabilities(client)).includes('MOVE'));
    await client.ok('SELECT INBOX');
    assert.equal((await client.command('UID MOVE 1 Trash')).status, 'BAD');
    client.send('a REPLACE 1 INBOX {3+}\r\nabc\r\nb NOOP\r\n');
    assert.match((await client.completion('a')).text, /switched off/);
    assert.equal((await client.completion('b')).status, 'OK');
    await client.ok('UNAUTHENTICATE');
    await client.login('bob@example.test', 'another horse');
    assert.ok((await capabilities(client)).includes('MOVE'));
  },
);
