import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { fill, stand } from './stand.test.ts';

/** Names with their attributes, as LIST or LSUB gives them. */
async function listed(client: ImapClient, command: string): Promise<readonly string[]> {
  const { untagged } = await client.ok(command);
  return untagged.flatMap((data) =>
    data.type === 'LIST' || data.type === 'LSUB'
      ? [`${data.mailbox} ${data.attributes.join(' ')}`.trim()]
      : [],
  );
}

test('patterns of LIST (RFC 9051 §6.3.9)', async (t) => {
  const { open } = await stand(t);
  const client = await open('CREATE a/b/c', 'CREATE INBOX/sub', 'CREATE ab');
  const names = async (command: string): Promise<readonly string[]> =>
    (await listed(client, command)).map((line) => line.split(' ')[0]!);
  assert.deepEqual(await names('LIST "" a*'), ['a', 'a/b', 'a/b/c', 'ab']);
  assert.deepEqual(await names('LIST "" a%'), ['a', 'ab']);
  assert.deepEqual(await names('LIST "" a/%'), ['a/b']);
  assert.deepEqual(await names('LIST a/ %'), ['a/b']);
  assert.deepEqual(await names('LIST "" %/%'), ['INBOX/sub', 'a/b']);
  assert.deepEqual(await names('LIST "" inbox'), ['INBOX']);
  assert.deepEqual(await names('LIST "" inbox/*'), ['INBOX/sub']);
  assert.deepEqual(await names('LIST "" InB%'), ['INBOX']);
  assert.deepEqual(await names('LIST "" nothing'), []);
  assert.deepEqual(await names('LIST "" (ab a/b)'), ['a/b', 'ab']);
  assert.deepEqual(await listed(client, 'LIST "" ""'), ['\\Noselect']);
  assert.deepEqual(await listed(client, 'LIST "" a'), ['a \\HasChildren']);
});

test('LIST-EXTENDED: selection and return options (RFC 9051 §6.3.9)', async (t) => {
  const { open } = await stand(t);
  const client = await open('CREATE a/b', 'CREATE other', 'SUBSCRIBE a/b', 'SUBSCRIBE gone/x');
  for (const name of ['INBOX', 'Archive', 'Drafts', 'Junk', 'Sent', 'Trash'])
    await client.ok(`UNSUBSCRIBE ${name}`);
  assert.deepEqual(await listed(client, 'LIST (SUBSCRIBED) "" *'), [
    'a/b \\HasNoChildren \\Subscribed',
    'gone/x \\NonExistent \\HasNoChildren \\Subscribed',
  ]);
  assert.deepEqual(await listed(client, 'LIST (SUBSCRIBED) "" %'), []);
  const recursive = await client.ok('LIST (SUBSCRIBED RECURSIVEMATCH) "" %');
  assert.deepEqual(
    recursive.untagged.map((data) => data.type === 'LIST' && [data.mailbox, [...data.extended]]),
    [
      ['a', [['CHILDINFO', ['SUBSCRIBED']]]],
      ['gone', [['CHILDINFO', ['SUBSCRIBED']]]],
    ],
  );
  assert.deepEqual(await listed(client, 'LIST (SPECIAL-USE) "" S*'), [
    'Sent \\Sent \\HasNoChildren',
  ]);
  assert.deepEqual(await listed(client, 'LIST "" a/b RETURN (SUBSCRIBED CHILDREN)'), [
    'a/b \\HasNoChildren \\Subscribed',
  ]);
  assert.deepEqual(await listed(client, 'LSUB "" %'), ['a \\Noselect', 'gone \\Noselect']);
  assert.deepEqual(await listed(client, 'LSUB "" *'), ['a/b', 'gone/x']);
});

test('LIST RETURN (STATUS …) and STATUS (RFC 5819, RFC 9051 §6.3.11)', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, 2);
  await client.ok('SELECT INBOX');
  await client.ok('STORE 1 +FLAGS (\\Seen \\Deleted)');
  const { untagged } = await client.ok(
    'LIST "" INBOX RETURN (STATUS (MESSAGES UNSEEN DELETED SIZE UIDNEXT))',
  );
  const status = untagged.find((data) => data.type === 'STATUS');
  assert.ok(status?.type === 'STATUS');
  const { items } = status;
  assert.deepEqual(
    [items.get('MESSAGES'), items.get('UNSEEN'), items.get('DELETED'), items.get('UIDNEXT')],
    [2, 1, 1, 3],
  );
  const sizes = (await client.fetch('1:2', 'RFC822.SIZE')).map(
    ({ items: of }) => of.get('RFC822.SIZE') as number,
  );
  assert.equal(items.get('SIZE'), sizes[0]! + sizes[1]!);
  const missing = await client.command('STATUS nowhere (MESSAGES)');
  assert.deepEqual([missing.status, missing.code], ['NO', 'NONEXISTENT']);
  assert.equal((await client.command('STATUS INBOX ()')).status, 'BAD');
});

test('CREATE, RENAME, DELETE and their refusals (RFC 9051 §6.3.4 to §6.3.6)', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  assert.match((await client.ok('CREATE one/')).codeText!, /^MAILBOXID \(F\d+-\d+\)$/);
  await client.ok('CREATE (USE)'.replace('(USE)', 'flagged (USE (\\Flagged))'));
  await client.ok('RENAME one two/three');
  const cases: readonly (readonly [string, string])[] = [
    ['CREATE INBOX', 'ALREADYEXISTS'],
    ['CREATE two', 'ALREADYEXISTS'],
    ['CREATE "bad*name"', 'CANNOT'],
    ['CREATE second (USE (\\Flagged))', 'USEATTR'],
    ['CREATE second (USE (\\Nonsense))', 'USEATTR'],
    ['RENAME one other', 'NONEXISTENT'],
    ['RENAME two/three INBOX', 'ALREADYEXISTS'],
    ['DELETE one', 'NONEXISTENT'],
    ['DELETE two', 'HASCHILDREN'],
    ['DELETE INBOX', 'CANNOT'],
    ['SELECT one', 'NONEXISTENT'],
  ];
  for (const [command, code] of cases) {
    const refused = await client.command(command);
    assert.deepEqual([refused.status, refused.code], ['NO', code], command);
  }
  await client.ok('DELETE two/three');
  await client.ok('DELETE two');
});

test('RENAME of INBOX moves its messages and leaves it empty (RFC 9051 §6.3.6)', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  await fill(client, 2);
  const renamed = await client.ok('RENAME INBOX old');
  assert.deepEqual(
    renamed.untagged.map(({ type }) => type),
    ['EXPUNGE', 'EXPUNGE', 'RECENT'],
  );
  const { untagged } = await client.ok('SELECT old');
  assert.ok(untagged.some((data) => data.type === 'EXISTS' && data.count === 2));
});

test('SELECT tells what IMAP4rev1 and IMAP4rev2 want (RFC 3501 §6.3.1, RFC 9051 §6.3.2)', async (t) => {
  const { open } = await stand(t);
  const rev1 = await open();
  await fill(rev1, 3);
  const told = async (client: ImapClient, command: string): Promise<readonly string[]> =>
    (await client.ok(command)).untagged.map((data) =>
      data.type === 'STATUS-RESPONSE' ? data.code! : data.type,
    );
  assert.deepEqual(await told(rev1, 'SELECT INBOX'), [
    'FLAGS',
    'PERMANENTFLAGS',
    'EXISTS',
    'RECENT',
    'UNSEEN',
    'UIDVALIDITY',
    'UIDNEXT',
    'HIGHESTMODSEQ',
    'MAILBOXID',
  ]);
  const rev2 = await open('ENABLE IMAP4rev2');
  assert.deepEqual(await told(rev2, 'EXAMINE INBOX'), [
    'FLAGS',
    'PERMANENTFLAGS',
    'EXISTS',
    'LIST',
    'UIDVALIDITY',
    'UIDNEXT',
    'HIGHESTMODSEQ',
    'MAILBOXID',
  ]);
  assert.equal((await rev1.ok('SELECT INBOX')).code, 'READ-WRITE');
  assert.equal((await rev1.ok('EXAMINE INBOX')).code, 'READ-ONLY');
  for (const command of ['STORE 1 +FLAGS (x)', 'EXPUNGE', 'MOVE 1 Trash'])
    assert.equal((await rev1.command(command)).code, 'READ-ONLY', command);
  assert.equal((await rev1.command('SELECT nowhere')).status, 'NO');
  assert.equal((await rev1.command('FETCH 1 FLAGS')).status, 'BAD', 'nothing is selected now');
});

test('one session gets \\Recent, an examining one does not take it (RFC 3501 §2.3.2)', async (t) => {
  const { open } = await stand(t);
  await fill(await open(), 2);
  const recent = async (client: ImapClient, command: string): Promise<unknown> =>
    (await client.ok(command)).untagged.find((data) => data.type === 'RECENT');
  assert.deepEqual(await recent(await open(), 'EXAMINE INBOX'), { type: 'RECENT', count: 2 });
  const first = await open();
  assert.deepEqual(await recent(first, 'SELECT INBOX'), { type: 'RECENT', count: 2 });
  const second = await open();
  assert.deepEqual(await recent(second, 'SELECT INBOX'), { type: 'RECENT', count: 0 });
  await fill(second, 1);
  assert.deepEqual(await recent(first, 'NOOP'), { type: 'RECENT', count: 2 });
  assert.deepEqual((await second.fetch('3', 'FLAGS'))[0]!.items.get('FLAGS'), ['\\Recent']);
});

test('mailbox names: modified UTF-7, and UTF-8 after ENABLE (RFC 9051 §5.1, RFC 6855 §3)', async (t) => {
  const { open } = await stand(t);
  const rev1 = await open('CREATE "Entw&APw-rfe"');
  const rev2 = await open('ENABLE IMAP4rev2');
  rev2.useUtf8Names();
  assert.deepEqual(await listed(rev2, 'LIST "" Entw*'), ['Entw\u00fcrfe \\HasNoChildren']);
  await rev2.ok('SELECT "Entwu\u0308rfe"');
  assert.deepEqual(await listed(rev1, 'LIST "" Entw*'), ['Entw\u00fcrfe \\HasNoChildren']);
  assert.equal((await rev1.command('CREATE "&broken"')).status, 'NO');
});

test('COPY: COPYUID, TRYCREATE, nothing to copy (RFC 9051 §6.4.7)', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  await fill(client, 3);
  assert.match((await client.ok('COPY 1,3 Trash')).codeText!, /^COPYUID \d+ 1,3 1:2$/);
  assert.match((await client.ok('UID COPY 2 INBOX')).codeText!, /^COPYUID \d+ 2 4$/);
  assert.equal((await client.command('COPY 1 nowhere')).code, 'TRYCREATE');
  assert.equal((await client.ok('UID COPY 99 Trash')).code, undefined);
  assert.equal((await client.command('COPY 99 Trash')).status, 'BAD');
});

test('small commands: NAMESPACE, ID, ENABLE, CHECK, UNSELECT', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX', 'CHECK', 'UNSELECT');
  const enabled = await client.ok('ENABLE X-NONE CONDSTORE QRESYNC CONDSTORE');
  assert.deepEqual(enabled.untagged, [{ type: 'ENABLED', capabilities: ['CONDSTORE', 'QRESYNC'] }]);
  assert.deepEqual((await client.ok('NAMESPACE')).untagged, [
    { type: 'OTHER', name: 'NAMESPACE', values: [[['', '/']], [['Other Users/', '/']], null] },
  ]);
  assert.deepEqual((await client.ok('ID ("name" "test")')).untagged, [
    { type: 'OTHER', name: 'ID', values: [['name', 'Posthorn']] },
  ]);
});
