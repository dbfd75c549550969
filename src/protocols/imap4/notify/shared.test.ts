import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mail, stand, USER } from '../stand.test.ts';
import { line, MESSAGES, quiet, status, told } from './listener.test.ts';

const BOB = 'bob@example.test';
const OF_ANNA = `Other Users/${USER}`;
const WORK = `${OF_ANNA}/Work`;
const NONE = ['\\NonExistent', '\\HasNoChildren'];
const LEVELS = ['\\NonExistent', '\\Noselect', '\\HasChildren'];

test('folders of others are told of where they are named, and no more when they are not shared any more', async (t) => {
  const { open, openAs } = await stand(t);
  const owner = await open('CREATE Work');
  const ear = await openAs(BOB);
  await ear.ok(
    `NOTIFY SET (subtree "Other Users" (${MESSAGES} MailboxName)) (personal (${MESSAGES}))`,
  );
  await owner.ok(`SETACL Work ${BOB} lr`);
  assert.deepEqual(await line(ear), [WORK, '\\HasNoChildren']);
  assert.deepEqual(await line(ear), [OF_ANNA, ...LEVELS]);
  await owner.append('Work', mail('one'));
  assert.equal((await status(ear, WORK)).get('MESSAGES'), 1);
  await owner.ok(`SETACL Work ${BOB} l`);
  assert.deepEqual(await line(ear), [WORK, '\\HasNoChildren', '\\NoAccess']);
  await owner.append('Work', mail('two'));
  await quiet(ear);
  await owner.ok(`SETACL Work ${BOB} lr`);
  assert.deepEqual(await line(ear), [WORK, '\\HasNoChildren']);
  assert.equal((await status(ear, WORK)).get('MESSAGES'), 2);
  await owner.ok('RENAME Work Labor');
  assert.deepEqual(await line(ear), [`${OF_ANNA}/Labor`, '\\HasNoChildren', `was ${WORK}`]);
  await owner.ok(`DELETEACL Labor ${BOB}`);
  assert.deepEqual(await line(ear), [`${OF_ANNA}/Labor`, ...NONE]);
  assert.deepEqual(await line(ear), [OF_ANNA, ...NONE]);
  await owner.append('Labor', mail('three'));
  await quiet(ear);
});

test('what may be looked up and not read is said to be so, before the command is over (RFC 5465 §3.1)', async (t) => {
  const { open, openAs } = await stand(t);
  const ear = await openAs(BOB);
  await open('CREATE Work', `SETACL Work ${BOB} l`, 'CREATE Fun', `SETACL Fun ${BOB} lr`);
  const { untagged } = await ear.ok(
    `NOTIFY SET STATUS (mailboxes ("${WORK}" "${OF_ANNA}/Fun" "${OF_ANNA}/Secret") (${MESSAGES}))`,
  );
  assert.deepEqual(
    untagged.map((data) => [data.type, 'mailbox' in data && data.mailbox]),
    [
      ['LIST', WORK],
      ['STATUS', `${OF_ANNA}/Fun`],
    ],
  );
  assert.ok(untagged[0]?.type === 'LIST' && untagged[0].attributes.includes('\\NoAccess'));
});

test('who did not ask for names hears why nothing comes any more, and when it comes again (RFC 5465 §5.9)', async (t) => {
  const { open, openAs } = await stand(t);
  const ear = await openAs(BOB);
  const owner = await open('CREATE Work', `SETACL Work ${BOB} lr`);
  await ear.ok(`NOTIFY SET (mailboxes "${WORK}" (${MESSAGES}))`);
  await owner.ok(`DELETEACL Work ${BOB}`);
  assert.deepEqual(await line(ear), [WORK, ...NONE, '\\NoAccess']);
  await owner.append('Work', mail('unheard'));
  await quiet(ear);
  await owner.ok(`SETACL Work ${BOB} lr`);
  assert.deepEqual(await line(ear), [WORK, '\\HasNoChildren']);
  assert.equal((await status(ear, WORK)).get('MESSAGES'), 1);
  await owner.append('Work', mail('two'));
  assert.equal((await status(ear, WORK)).get('MESSAGES'), 2);
});

test('subscribed folders of others are followed, and those of a mailbox that is removed are gone', async (t) => {
  const { open, openAs, directory } = await stand(t);
  const ear = await openAs(BOB, `SUBSCRIBE "${WORK}"`);
  const owner = await open('CREATE Work', `SETACL Work ${BOB} lr`);
  await ear.ok(`NOTIFY SET (subscribed (${MESSAGES} MailboxName SubscriptionChange))`);
  await owner.append('Work', mail('one'));
  await status(ear, WORK);
  await ear.ok('UNAUTHENTICATE');
  await ear.login(BOB, 'correct horse');
  await ear.ok(`NOTIFY SET (subscribed (${MESSAGES} MailboxName))`);
  await directory.removeMailbox(USER);
  assert.deepEqual(await line(ear), [WORK, ...NONE, '\\Subscribed']);
});

test('annotations of folders of others are told where they are named, to who may read them (RFC 5465 §5.6)', async (t) => {
  const { open, openAs } = await stand(t);
  const ear = await openAs(BOB, 'ENABLE METADATA');
  const owner = await open('CREATE Work', `SETACL Work ${BOB} lrw`);
  await owner.ok(`SETACL INBOX ${BOB} ls`);
  await ear.ok('NOTIFY SET (subtree "Other Users" (MailboxMetadataChange)) (personal NONE)');
  await owner.ok('SETMETADATA INBOX (/shared/comment "not for reading")');
  await owner.ok('SETMETADATA Work (/private/comment "own")');
  await owner.ok('SETMETADATA Work (/shared/comment "heard" /shared/x "y")');
  const data = await told(ear);
  assert.deepEqual(
    [data['type'], data['mailbox'], data['changed']],
    ['METADATA', WORK, ['/shared/comment', '/shared/x']],
  );
  await ear.ok(`SETMETADATA "${WORK}" (/shared/comment "own")`);
  const bob = await openAs(BOB, 'SETMETADATA INBOX (/shared/comment "not named")');
  await quiet(ear);
  await bob.ok(`SETMETADATA "${WORK}" (/private/comment "in another session")`);
  assert.deepEqual((await told(ear))['changed'], ['/private/comment']);
  await owner.ok('SETMETADATA Work (/shared/x NIL)');
  assert.deepEqual((await told(ear))['changed'], ['/shared/x'], 'what is gone is told too');
});

test('annotations of the server are told who asked for them, and nobody else (RFC 5465 §5.7)', async (t) => {
  const { open, openAs } = await stand(t, { administrators: [USER] });
  const ear = await openAs(BOB, 'NOTIFY SET (personal (ServerMetadataChange))');
  const deaf = await openAs(BOB, 'ENABLE METADATA', 'NOTIFY SET (personal (MailboxName))');
  await open('SETMETADATA "" (/shared/comment "news")');
  const data = await told(ear);
  assert.deepEqual([data['mailbox'], data['changed']], ['', ['/shared/comment']]);
  await quiet(deaf);
});

test('without METADATA there are no events of annotations', async (t) => {
  const { open } = await stand(t, { switchOffs: [{ capabilities: ['METADATA'] }] });
  const client = await open();
  const refused = await client.command('NOTIFY SET (personal (MailboxMetadataChange))');
  assert.equal(refused.status, 'NO');
  assert.match(refused.codeText ?? '', /^BADEVENT \(MessageNew .*SubscriptionChange/);
  assert.doesNotMatch(refused.codeText ?? '', /MailboxMetadataChange/);
  await client.ok(`NOTIFY SET (personal (${MESSAGES}))`);
});
