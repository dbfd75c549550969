import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { mail, PASSWORD, type Stand, stand, USER } from '../stand.test.ts';
import { failing, hooked, line, MESSAGES, pair, quiet, status, told } from './listener.test.ts';

/** More than the system keeps for a peer that does not read. */
const MESSAGE_BYTES = 2_000_000;
const MESSAGE_COUNT = 16;

/** A client that logs in, says what it wants to hear, and then reads nothing until it is told to. */
async function deafClient(t: TestContext, { port }: Stand, ...commands: string[]): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  t.after(() => socket.destroy());
  const lines = commands.map((command, index) => `b${index} ${command}\r\n`);
  socket.write([`a LOGIN ${USER} "${PASSWORD}"\r\n`, ...lines].join(''));
  let seen = '';
  while (!seen.includes(`b${commands.length - 1} OK`)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    seen += chunk.toString('latin1');
  }
  socket.pause();
  return socket;
}

/** Reads on until some texts have come, in any order; gives all that came. */
async function readUntil(socket: Socket, ...ends: readonly string[]): Promise<string> {
  const chunks: string[] = [];
  let missing = ends;
  let tail = '';
  socket.setEncoding('latin1');
  socket.resume();
  for await (const chunk of socket as AsyncIterable<string>) {
    chunks.push(chunk);
    const seen = tail + chunk;
    missing = missing.filter((end) => !seen.includes(end));
    if (missing.length === 0) break;
    tail = seen.slice(-100);
  }
  assert.deepEqual(missing, []);
  return chunks.join('');
}

test('hundreds of groups and names', async (t) => {
  const { ear, other } = await pair(t, `(mailboxes Work (${MESSAGES}))`);
  const groups = (count: number): string =>
    Array.from({ length: count }, (_, index) => ` (subtree n${index} (${MESSAGES}))`).join('');
  assert.equal((await ear.command(`NOTIFY SET${groups(257)}`)).status, 'BAD');
  await other.append('Work', mail('one'));
  await status(ear, 'Work');
  const names = Array.from({ length: 2000 }, (_, index) => `m${index}`).join(' ');
  await ear.ok(`NOTIFY SET${groups(255)} (mailboxes (${names} Fun) (${MESSAGES} FlagChange))`);
  await other.append('Work', mail('two'));
  await other.append('Fun', mail('three'));
  await status(ear, 'Fun');
  await quiet(ear);
});

test('more folders than a session is told of: NO, and what held before holds (RFC 5465 §3.1)', async (t) => {
  const { ear, other } = await pair(t, `(mailboxes Work (${MESSAGES}))`, {
    limits: { notifyFoldersMax: 2 },
  });
  const refused = await ear.command(`NOTIFY SET STATUS (personal (${MESSAGES}))`);
  assert.deepEqual([refused.status, refused.code], ['NO', 'NOTIFICATIONOVERFLOW']);
  assert.deepEqual(refused.untagged, []);
  await other.append('Work', mail('one'));
  await status(ear, 'Work');
  await ear.ok(`NOTIFY SET (subtree Work (${MESSAGES})) (personal NONE)`);
});

test('more folders than a session is told of, later: that is said, and nothing is told any more (RFC 5465 §5.8)', async (t) => {
  const groups = `(selected (${MESSAGES})) (subtree Work (${MESSAGES} MailboxName))`;
  const { ear, other } = await pair(t, groups, {
    limits: { notifyFoldersMax: 2 },
    before: ['SELECT INBOX'],
  });
  await other.ok('CREATE Work/third');
  const data = await told(ear);
  assert.deepEqual([data['condition'], data['code']], ['OK', 'NOTIFICATIONOVERFLOW']);
  await other.append('INBOX', mail('one'));
  await other.append('Work', mail('one'));
  await other.ok('DELETE Work/third');
  await quiet(ear);
  await ear.ok(`NOTIFY SET ${groups}`);
  await other.append('Work', mail('two'));
  await status(ear, 'Work');
});

test('the storage is out of reach: what happened is told later, or the command fails and changes nothing', async (t) => {
  const reads = hooked();
  const { ear, other } = await pair(t, `(personal (${MESSAGES} MailboxName))`, {
    mailbox: (real) => reads.over(real),
  });
  await quiet(ear);
  const away = failing(2);
  reads.before = { folder: away.fail, folders: away.fail };
  await other.append('Work', mail('one'));
  await status(ear, 'Work');
  assert.ok(away.left < 0);
  reads.before = { folders: failing(1).fail };
  const refused = await ear.command('NOTIFY SET (mailboxes Fun (MailboxName))');
  assert.deepEqual([refused.status, refused.code], ['NO', 'UNAVAILABLE']);
  await other.ok('CREATE x');
  assert.deepEqual(await line(ear), ['x', '\\HasNoChildren']);
});

test('what happens while NOTIFY looks at the folders is told', async (t) => {
  const reads = hooked();
  const { open } = await stand(t, { mailbox: (real) => reads.over(real) });
  const other = await open('CREATE Work');
  const ear = await open();
  reads.before = {
    subscriptions: async () => {
      reads.before = {};
      await other.append('Work', mail('one'));
    },
  };
  await ear.ok(`NOTIFY SET (personal (${MESSAGES}))`);
  assert.equal((await status(ear, 'Work')).get('MESSAGES'), 1);
});

test('a client that does not read is waited for, harms nobody, and gets all of it in the end', async (t) => {
  const house = await stand(t);
  const deaf = await deafClient(
    t,
    house,
    'SELECT INBOX',
    `NOTIFY SET (selected (MessageNew (UID BODY.PEEK[TEXT]) MessageExpunge)) (personal (${MESSAGES}))`,
  );
  const other = await house.open('CREATE Work');
  const ear = await house.open(`NOTIFY SET (personal (${MESSAGES}))`);
  for (let count = 1; count <= MESSAGE_COUNT; count++) {
    await other.append('INBOX', mail(`m${count}`, `${'x'.repeat(MESSAGE_BYTES - 2)}\r\n`));
    assert.equal((await status(ear, 'INBOX')).get('MESSAGES'), count);
  }
  for (let count = 1; count <= 50; count++) await other.append('Work', mail('one'));
  const last = `* ${MESSAGE_COUNT} FETCH (UID ${MESSAGE_COUNT} BODY[TEXT] {`;
  const heard = await readUntil(deaf, 'STATUS Work (MESSAGES 50 ', last);
  const fetched = [...heard.matchAll(/^\* (\d+) FETCH \(UID (\d+) BODY\[TEXT\] \{(\d+)\}/gm)];
  assert.deepEqual(
    fetched.map(([, seq, uid, size]) => [seq, uid, size].map(Number)),
    Array.from({ length: MESSAGE_COUNT }, (_, index) => [index + 1, index + 1, MESSAGE_BYTES]),
  );
  const lines = heard.match(/^\* STATUS Work/gm)!.length;
  assert.ok(lines <= 5, `${lines} lines for 50 messages that came while nobody read`);
});

test('a server that stops does so behind the response that is being written', async (t) => {
  const house = await stand(t);
  const deaf = await deafClient(
    t,
    house,
    'SELECT INBOX',
    'NOTIFY SET (selected (MessageNew (BODY.PEEK[TEXT]) MessageExpunge))',
  );
  const other = await house.open();
  for (let count = 1; count <= MESSAGE_COUNT; count++)
    await other.append('INBOX', mail(`m${count}`, `${'x'.repeat(MESSAGE_BYTES - 2)}\r\n`));
  const stopped = house.server.stop(30_000);
  const heard = await readUntil(deaf, '* BYE');
  await stopped;
  const start = heard.indexOf('\r\n', heard.lastIndexOf('BODY[TEXT] {')) + 2;
  const behind = heard.slice(start + MESSAGE_BYTES);
  assert.match(behind, /^\)\r\n[^x]*\* BYE \[UNAVAILABLE\]/, 'the last literal is whole');
});

test('who goes in the middle leaves no watches behind, and others are told on', async (t) => {
  const { ear, other, open, openAs, store } = await pair(t, `(personal (${MESSAGES}))`);
  const bob = await openAs('bob@example.test');
  await other.ok('SETACL Work bob@example.test lr');
  const { watches } = store;
  const work = `Other Users/${USER}/Work`;
  for (let count = 1; count <= 10; count++) {
    const gone = await open(`NOTIFY SET (personal (${MESSAGES} ServerMetadataChange))`);
    const others = await openAs(
      'bob@example.test',
      `NOTIFY SET (mailboxes "${work}" (${MESSAGES}))`,
    );
    assert.ok(store.watches > watches);
    const appended = other.append('Work', mail('one'));
    gone.close();
    others.close();
    await appended;
    assert.equal((await status(ear, 'Work')).get('MESSAGES'), count);
  }
  while (store.watches > watches) await bob.ok('NOOP');
  await other.append('Work', mail('last'));
  assert.equal((await status(ear, 'Work')).get('MESSAGES'), 11);
});
