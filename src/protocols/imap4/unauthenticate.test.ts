import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waits } from '#kernel';
import { fill, mail, PASSWORD, stand, USER } from './stand.test.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 60_000 };

test(
  'UNAUTHENTICATE forgets folder, ENABLE, "$" and whose mailbox it was (RFC 8437)',
  LIMIT,
  async (t) => {
    const { open, directory } = await stand(t);
    const other = { address: 'bob@example.test', password: 'another horse' };
    await directory.addMailbox(other.address, { password: other.password });
    const client = await open(
      'ENABLE UTF8=ACCEPT QRESYNC UIDONLY',
      'CREATE "Gr&APw-n"',
      'SELECT INBOX',
    );
    await client.append('INBOX', mail('one'), '(\\Deleted)');
    const left = await client.ok('UNAUTHENTICATE');
    assert.equal(left.code, 'CAPABILITY');
    assert.match(left.codeText!, /AUTH=PLAIN/);
    assert.doesNotMatch(left.codeText!, /UNAUTHENTICATE/);
    assert.equal((await client.command('FETCH 1 FLAGS')).status, 'BAD');
    assert.equal((await client.command('UNAUTHENTICATE')).status, 'BAD');
    assert.equal((await client.login(other.address, other.password)).status, 'OK');
    assert.equal((await client.command('NOOP')).status, 'OK');
    assert.equal((await client.command('FETCH 1 FLAGS')).status, 'BAD');
    const selected = await client.ok('SELECT INBOX');
    assert.ok(selected.untagged.some((data) => data.type === 'EXISTS' && data.count === 0));
    await fill(client, 2);
    assert.equal((await client.fetch('1:2', 'FLAGS')).length, 2);
    await client.ok('UNAUTHENTICATE');
    assert.equal((await client.login(USER, PASSWORD)).status, 'OK');
    await client.ok('SELECT INBOX');
    const [kept] = await client.fetch('1', 'FLAGS');
    assert.deepEqual(kept!.items.get('FLAGS'), ['\\Deleted'], 'nothing was expunged');
  },
);

test(
  'UNAUTHENTICATE gives the place in the mailbox back, and the login has a deadline again',
  LIMIT,
  async (t) => {
    const { open, connect } = await stand(t, { limits: { sessionsPerMailboxMax: 1 } });
    const client = await open();
    const second = await connect();
    assert.equal((await second.login(USER, PASSWORD)).code, 'LIMIT');
    const waitsForLogin = () => waits.list().filter(({ name }) => name === 'the login').length;
    const before = waitsForLogin();
    await client.ok('UNAUTHENTICATE');
    assert.equal(waitsForLogin(), before + 1);
    assert.equal((await second.login(USER, PASSWORD)).status, 'OK');
    assert.equal((await client.login(USER, PASSWORD)).code, 'LIMIT');
    await second.ok('UNAUTHENTICATE');
    second.close();
    assert.equal((await client.login(USER, PASSWORD)).status, 'OK');
  },
);

test(
  'UNAUTHENTICATE leaves compression and TLS as they are; then there is no STARTTLS',
  LIMIT,
  async (t) => {
    const { open, connect } = await stand(t, { tls: true });
    const clear = await open();
    await clear.compress();
    const left = await clear.ok('UNAUTHENTICATE');
    assert.doesNotMatch(left.codeText!, /STARTTLS/);
    assert.equal((await clear.command('STARTTLS')).status, 'BAD');
    assert.equal((await clear.login(USER, PASSWORD)).status, 'OK');
    const secure = await connect();
    await secure.startTls();
    await secure.login(USER, PASSWORD);
    await secure.ok('UNAUTHENTICATE');
    assert.equal((await secure.login(USER, PASSWORD)).status, 'OK');
  },
);
