import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mail } from '../stand.test.ts';
import { atOnce, line, MESSAGES, pair, quiet, status, told } from './listener.test.ts';

const NONE = ['\\NonExistent', '\\HasNoChildren'];

test('what comes or goes concerns the name above it too (RFC 5465 §5.4)', async (t) => {
  const { ear, other } = await pair(t, '(personal (MailboxName))');
  await other.ok('CREATE Work/Deep/er');
  assert.deepEqual(await line(ear), ['Work/Deep/er', '\\HasNoChildren']);
  assert.deepEqual(await line(ear), ['Work/Deep', '\\HasChildren']);
  await other.ok('CREATE a/b');
  assert.deepEqual(await line(ear), ['a', '\\HasChildren']);
  assert.deepEqual(await line(ear), ['a/b', '\\HasNoChildren']);
  await other.ok('DELETE Work/Deep/er');
  assert.deepEqual(await line(ear), ['Work/Deep/er', ...NONE]);
  assert.deepEqual(await line(ear), ['Work/Deep', '\\HasNoChildren']);
  await ear.ok('NOTIFY SET (mailboxes a (MailboxName))');
  await other.ok('DELETE a/b');
  assert.deepEqual(await line(ear), ['a', '\\HasNoChildren']);
  await quiet(ear);
});

test('those below a renamed folder have no news of their own, where the client hears of it', async (t) => {
  const { ear, other } = await pair(t, '(mailboxes Work/Deep (MailboxName))');
  await other.ok('RENAME Work Labor');
  assert.deepEqual(await line(ear), ['Labor/Deep', '\\HasNoChildren', 'was Work/Deep']);
  await ear.ok('NOTIFY SET (subtree Labor (MailboxName))');
  await other.ok('RENAME Labor Job');
  assert.deepEqual(await line(ear), ['Job', '\\HasChildren', 'was Labor']);
  await quiet(ear);
});

test('when INBOX is renamed only the folder that got its messages is new', async (t) => {
  const { ear, other } = await pair(t, '(personal (MailboxName))');
  await other.ok('RENAME INBOX Old');
  assert.deepEqual(await line(ear), ['Old', '\\HasNoChildren']);
  await quiet(ear);
});

test('renames that are seen at one look are told in an order that a client can follow', async (t) => {
  const { ear, other } = await pair(t, '(personal (MailboxName))', { before: ['CREATE Swap'] });
  await atOnce(ear, async () => {
    await other.ok('DELETE Fun');
    await other.ok('RENAME Swap Fun');
    await other.ok('RENAME Work Swap');
    await other.ok('CREATE Work');
  });
  assert.deepEqual(await line(ear), ['Fun', ...NONE]);
  assert.deepEqual(await line(ear), ['Fun', '\\HasNoChildren', 'was Swap']);
  assert.deepEqual(await line(ear), ['Swap', '\\HasChildren', 'was Work']);
  assert.deepEqual(await line(ear), ['Work', '\\HasNoChildren']);
  await quiet(ear);
  await atOnce(ear, async () => {
    await other.ok('RENAME Fun x');
    await other.ok('RENAME Work Fun');
    await other.ok('RENAME x Work');
  });
  const lines = [await line(ear), await line(ear), await line(ear), await line(ear)];
  assert.deepEqual(lines.slice(0, 2).map(String).sort(), [
    ['Fun', ...NONE].join(),
    ['Work', ...NONE].join(),
  ]);
  assert.deepEqual(lines.slice(2).map(String).sort(), [
    'Fun,\\HasNoChildren',
    'Work,\\HasNoChildren',
  ]);
  await quiet(ear);
});

test('another folder by the same name has another UIDVALIDITY, which is told (RFC 5465 §5.1)', async (t) => {
  const { ear, other } = await pair(t, `(mailboxes Fun (${MESSAGES} FlagChange))`);
  await other.append('Fun', mail('one'));
  const before = await status(ear, 'Fun');
  await atOnce(ear, async () => {
    await other.ok('DELETE Fun');
    await other.ok('CREATE Fun');
  });
  const after = await status(ear, 'Fun');
  assert.equal(after.get('MESSAGES'), 0);
  assert.notEqual(after.get('UIDVALIDITY'), before.get('UIDVALIDITY'));
  await other.ok('DELETE Fun');
  await other.ok('RENAME Work Fun');
  assert.equal((await status(ear, 'Fun')).get('MESSAGES'), 0, 'a folder that came by another name');
});

test('what a client did itself is no news to it, what others did at the same time is (RFC 5465 §5)', async (t) => {
  const groups = `(personal (${MESSAGES} MailboxName SubscriptionChange))`;
  const { ear, other, openAs } = await pair(t, groups, { before: ['SELECT INBOX'] });
  await ear.append('INBOX', mail('selected'));
  for (const command of [
    'CREATE New/er/est',
    'SUBSCRIBE New/er',
    'RENAME New Old',
    'RENAME Old/er INBOX/new/er',
    'RENAME INBOX "Old INBOX"',
    'UNSUBSCRIBE New/er',
    'DELETE INBOX/new/er/est',
  ]) {
    const before = (await ear.ok(command)).untagged;
    // The messages of INBOX went: how many came where nobody has said yet.
    if (command.startsWith('RENAME INBOX')) await status(ear, 'Old INBOX');
    const told = [...before, ...(await ear.ok('CAPABILITY')).untagged];
    assert.deepEqual(
      told.filter(({ type }) => type === 'LIST' || type === 'STATUS'),
      [],
      command,
    );
  }
  await ear.append('Work', mail('own'));
  await ear.append('INBOX', mail('to copy'));
  await ear.ok('COPY * Fun');
  await ear.ok('MOVE * Work');
  await quiet(ear);
  await other.append('Work', mail('theirs'));
  assert.equal((await status(ear, 'Work')).get('MESSAGES'), 3);
  await atOnce(ear, async () => {
    await other.append('Fun', mail('theirs'));
  });
  assert.equal((await status(ear, 'Fun')).get('MESSAGES'), 2);
  await other.ok('DELETE Old');
  assert.deepEqual(await line(ear), ['Old', ...NONE]);
  await other.ok('CREATE Old');
  assert.deepEqual(await line(ear), ['Old', '\\HasNoChildren']);
  await openAs('bob@example.test');
  await quiet(ear);
});

test('names are compared as they are stored, and wildcards are characters (RFC 5465 §6.6)', async (t) => {
  const { ear, other } = await pair(t, `(mailboxes (inbox inbox/x "*" "W%") (${MESSAGES}))`);
  await other.append('INBOX', mail('one'));
  await status(ear, 'INBOX');
  await other.ok('CREATE INBOX/x');
  await other.append('inbox/x', mail('one'));
  await status(ear, 'INBOX/x');
  await other.append('Work', mail('one'));
  await quiet(ear);
});

test('folders that are created where a subtree is followed are followed as well', async (t) => {
  const { ear, other } = await pair(
    t,
    `(subtree Work (${MESSAGES})) (subtree-one Fun (${MESSAGES}))`,
  );
  await other.ok('CREATE Work/a/b');
  await quiet(ear);
  await other.append('Work/a/b', mail('one'));
  await status(ear, 'Work/a/b');
  await other.ok('CREATE Fun/a/b');
  await other.append('Fun/a/b', mail('too deep'));
  await other.append('Fun/a', mail('one'));
  await status(ear, 'Fun/a');
  await quiet(ear);
});

test('a client that hears of names only is told of no messages', async (t) => {
  const { ear, other } = await pair(t, '(personal (MailboxName))');
  await other.append('Work', mail('one'));
  await quiet(ear);
  await other.ok('CREATE x');
  assert.equal((await told(ear))['mailbox'], 'x');
});
