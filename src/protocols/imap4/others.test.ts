import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { fill, mail, stand, USER } from './stand.test.ts';

const BOB = 'bob@example.test';
const OF_ANNA = `Other Users/${USER}`;

async function listed(client: ImapClient, command: string): Promise<readonly string[]> {
  const { untagged } = await client.ok(command);
  return untagged.flatMap((data) => {
    if (data.type === 'LIST' || data.type === 'LSUB')
      return [`${data.mailbox} ${data.attributes.join(' ')}`.trim()];
    if (data.type === 'MYRIGHTS') return [`${data.mailbox}: ${data.rights}`];
    return data.type === 'STATUS' ? [`${data.mailbox} ${[...data.items].join()}`] : [];
  });
}

async function codeOf(client: ImapClient, command: string): Promise<string> {
  const { status, code } = await client.command(command);
  return code === undefined ? status : `${status} ${code}`;
}

test('NAMESPACE tells where folders of others are (RFC 9051 §6.3.10)', async (t) => {
  const { open } = await stand(t);
  const { untagged } = await (await open()).ok('NAMESPACE');
  const [data] = untagged;
  assert.ok(data?.type === 'OTHER');
  assert.deepEqual(data.values, [[['', '/']], [['Other Users/', '/']], null]);
});

test('LIST shows what may be looked up, and levels above only when there is something below', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const others = (pattern = '*') => listed(bob, `LIST "" "Other Users${pattern}"`);
  assert.deepEqual(await others(), []);
  const anna = await open('CREATE work/deep/er', `SETACL work/deep ${BOB} lr`);
  await anna.ok(`SETACL work ${BOB} r`);
  await anna.ok(`SETACL Sent ${BOB} l`);
  const levels = '\\NonExistent \\Noselect \\HasChildren';
  assert.deepEqual(await others(), [
    `Other Users ${levels}`,
    `${OF_ANNA} ${levels}`,
    `${OF_ANNA}/Sent \\HasNoChildren`,
    `${OF_ANNA}/work ${levels}`,
    `${OF_ANNA}/work/deep \\HasNoChildren`,
  ]);
  assert.deepEqual(await others('/%'), [`${OF_ANNA} ${levels}`]);
  assert.deepEqual(await listed(bob, `LIST "${OF_ANNA}/" %`), [
    `${OF_ANNA}/Sent \\HasNoChildren`,
    `${OF_ANNA}/work ${levels}`,
  ]);
  assert.ok((await listed(bob, 'LIST "" %')).includes(`Other Users ${levels}`));
  assert.deepEqual(await listed(bob, 'LIST (SPECIAL-USE) "" "Other Users*"'), []);
  await anna.ok(`DELETEACL work/deep ${BOB}`);
  await anna.ok(`DELETEACL Sent ${BOB}`);
  assert.deepEqual(await others(), []);
});

test('LIST RETURN (MYRIGHTS STATUS) tells both where they may be told (RFC 8440 §3, RFC 5819 §2)', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const anna = await open('CREATE a', `SETACL a ${BOB} lri`, `SETACL INBOX ${BOB} l`);
  await fill(anna, 2, 'a');
  const returns = 'RETURN (MYRIGHTS STATUS (MESSAGES))';
  const levels = '\\NonExistent \\Noselect \\HasChildren';
  assert.deepEqual(await listed(bob, `LIST "" ("Other Users*" INBOX) ${returns}`), [
    'INBOX \\HasNoChildren',
    'INBOX MESSAGES,0',
    'INBOX: lrswipkxteacd',
    `Other Users ${levels}`,
    `${OF_ANNA} ${levels}`,
    `${OF_ANNA}/INBOX \\HasNoChildren`,
    `${OF_ANNA}/INBOX: l`,
    `${OF_ANNA}/a \\HasNoChildren`,
    `${OF_ANNA}/a MESSAGES,2`,
    `${OF_ANNA}/a: lri`,
  ]);
});

test('a folder has one name here and one identity everywhere (RFC 8474 §4)', async (t) => {
  const { open, openAs, directory } = await stand(t);
  const bob = await openAs(BOB, 'ENABLE IMAP4rev2');
  bob.useUtf8Names();
  await directory.addAddress(USER, 'a.n/n%a*@example.test');
  const anna = await open('ENABLE IMAP4rev2', 'CREATE INBOX/ü', `SETACL INBOX/ü ${BOB} lr`);
  anna.useUtf8Names();
  const own = await anna.ok('EXAMINE INBOX/ü');
  for (const owner of [USER, 'ANNA@Example.Test', 'a.n=2Fn=25a=2A@example.test']) {
    const { untagged } = await bob.ok(`EXAMINE "Other Users/${owner}/inbox/ü"`);
    assert.ok(
      untagged.some((data) => data.type === 'LIST' && data.mailbox === `${OF_ANNA}/INBOX/ü`),
    );
    const ids = [own, { untagged }].map(
      (from) => /F\d+-\d+/.exec(JSON.stringify(from.untagged))?.[0],
    );
    assert.equal(ids[0], ids[1]);
  }
  const open2 = async (name: string) => codeOf(bob, `EXAMINE "Other Users/${name}"`);
  for (const name of [
    'INBOX',
    `${USER}`,
    `${USER}/INBOX`,
    `${BOB}/INBOX`,
    'nobody@example.test/INBOX',
    'x/INBOX',
    '=80@example.test/INBOX',
  ])
    assert.equal(await open2(name), 'NO NONEXISTENT', name);
});

test('nobody has a folder where those of others are, or creates, moves or copies past rights', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB, 'CREATE mine');
  const anna = await open('CREATE a/b', `SETACL a ${BOB} lrx`, `SETACL a/b ${BOB} lrikx`);
  for (const name of [
    'Other Users',
    'Other Users/x',
    `Other Users/${BOB}`,
    `${OF_ANNA}`,
    `${OF_ANNA}/new`,
    `${OF_ANNA}/a/new`,
    'Other Users/nobody@example.test/x',
  ]) {
    assert.equal(await codeOf(bob, `CREATE "${name}"`), 'NO NOPERM', name);
    assert.equal(
      await codeOf(bob, `RENAME mine "${name}"`),
      /anna/.test(name) && name !== OF_ANNA ? 'NO CANNOT' : 'NO NOPERM',
      name,
    );
  }
  assert.equal(await codeOf(bob, `RENAME "${OF_ANNA}/a" taken`), 'NO CANNOT');
  assert.equal(await codeOf(bob, `RENAME "${OF_ANNA}/a/b" "${OF_ANNA}/b"`), 'NO NOPERM');
  assert.equal(await codeOf(bob, `CREATE "${OF_ANNA}/a/b/c" (USE (\\Flagged))`), 'NO USEATTR');
  assert.match(await codeOf(bob, `CREATE "${OF_ANNA}/a/b/c/d"`), /^OK MAILBOXID/);
  assert.deepEqual(await listed(bob, `LIST "" "${OF_ANNA}/a/b/c" RETURN (MYRIGHTS)`), [
    `${OF_ANNA}/a/b/c \\HasChildren`,
    `${OF_ANNA}/a/b/c: lrikxc`,
  ]);
  await bob.ok(`RENAME "${OF_ANNA}/a/b/c/d" "${OF_ANNA}/a/b/e"`);
  await bob.ok(`DELETE "${OF_ANNA}/a/b/e"`);
  assert.deepEqual(await listed(anna, 'LIST "" a/*'), [
    'a/b \\HasChildren',
    'a/b/c \\HasNoChildren',
  ]);
});

test('subscriptions are the account’s own, by the name that LIST gives (RFC 9051 §6.3.7)', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const anna = await open('CREATE a', `SETACL a ${BOB} lr`);
  await bob.ok('SUBSCRIBE "Other Users/ANNA@example.test/a"');
  assert.deepEqual(await listed(bob, 'LSUB "" Other*'), [`${OF_ANNA}/a`]);
  const subscribed = 'LIST (SUBSCRIBED) "" Other*';
  assert.deepEqual(await listed(bob, subscribed), [`${OF_ANNA}/a \\HasNoChildren \\Subscribed`]);
  assert.ok(!(await listed(anna, 'LSUB "" *')).includes('a'));
  await anna.ok(`DELETEACL a ${BOB}`);
  assert.deepEqual(await listed(bob, subscribed), [
    `${OF_ANNA}/a \\NonExistent \\HasNoChildren \\Subscribed`,
  ]);
  await bob.ok(`UNSUBSCRIBE "${OF_ANNA}/a"`);
  assert.deepEqual(await listed(bob, 'LSUB "" Other*'), []);
});

test('messages go to and fro; what is delivered to another counts to its owner', async (t) => {
  const { open, openAs, directory } = await stand(t);
  const bob = await openAs(BOB);
  const anna = await open('CREATE a', `SETACL a ${BOB} lrsi`);
  await fill(bob, 2);
  const before = (await directory.mailbox(BOB))!.usedMessages;
  await bob.ok('SELECT INBOX');
  assert.equal((await bob.ok(`COPY 1:2 "${OF_ANNA}/a"`)).code, 'COPYUID');
  assert.equal((await bob.append(`${OF_ANNA}/a`, mail('by bob'))).code, 'APPENDUID');
  assert.equal((await directory.mailbox(BOB))!.usedMessages, before);
  assert.equal((await directory.mailbox(USER))!.usedMessages, 3);
  await bob.ok(`SELECT "${OF_ANNA}/a"`);
  const copied = await bob.ok('COPY 3 INBOX');
  assert.match(copied.codeText!, /^COPYUID \d+ 3 3$/);
  await anna.ok(`SETACL a ${BOB} li`);
  const other = await openAs(BOB, 'SELECT INBOX');
  assert.equal((await other.ok(`COPY 1 "${OF_ANNA}/a"`)).code, undefined);
  assert.equal((await other.append(`${OF_ANNA}/a`, mail('unseen'))).code, undefined);
  const url = `/${encodeURIComponent('Other Users')}/${USER}/a/;UID=1`;
  assert.equal(await codeOf(other, `APPEND INBOX CATENATE (URL "${url}")`), 'NO BADURL');
});

test('CATENATE and ESEARCH reach the folders of others that may be read (RFC 4469 §3, RFC 7377 §2.2)', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const anna = await open('CREATE a', `SETACL a ${BOB} lr`, 'CREATE b', `SETACL b ${BOB} l`);
  await anna.append('a', mail('here'));
  await anna.append('b', mail('here'));
  await bob.append('INBOX', mail('here'));
  const url = `/Other%20Users/${USER}/a/;UID=1`;
  assert.equal(await codeOf(bob, `APPEND INBOX CATENATE (URL "${url}")`), 'OK APPENDUID');
  assert.equal(
    await codeOf(bob, `APPEND INBOX CATENATE (URL "${url.replace('/a/', '/b/')}")`),
    'NO BADURL',
  );
  const found = async (source: string) => {
    const { untagged } = await bob.ok(`ESEARCH IN (${source}) SUBJECT here`);
    return untagged.flatMap((data) => (data.type === 'ESEARCH' ? [data.mailbox] : []));
  };
  assert.deepEqual(await found('personal'), ['INBOX']);
  assert.deepEqual(await found('subtree "Other Users"'), [`${OF_ANNA}/a`]);
  assert.deepEqual(await found(`mailboxes ("${OF_ANNA}/a" "${OF_ANNA}/b" INBOX)`), [
    'INBOX',
    `${OF_ANNA}/a`,
  ]);
  await bob.ok(`SUBSCRIBE "${OF_ANNA}/a"`);
  assert.deepEqual(await found('subscribed'), ['INBOX', `${OF_ANNA}/a`]);
  await bob.ok(`EXAMINE "${OF_ANNA}/a"`);
  assert.deepEqual(await found('selected'), [`${OF_ANNA}/a`]);
});
