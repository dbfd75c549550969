import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes, World } from './harness.test.ts';

const ENVELOPE =
  'EHLO client.example\r\nMAIL FROM:<x@far.example>\r\nRCPT TO:<bob@example.test>\r\n';
const BINARY = ENVELOPE.replace('far.example>', 'far.example> BODY=BINARYMIME');

/** A session with everything in it: DATA, BDAT, dots, refusals, two messages. */
const RECORDED =
  `${ENVELOPE}RCPT TO:<nobody@example.test>\r\nDATA\r\nSubject: 1\r\n\r\n..dot\r\n.\r\n` +
  `${ENVELOPE.slice(21)}BDAT 7\r\nSubjectBDAT 10 LAST\r\n: 2\r\n\r\nx\r\nNOOP\r\nQUIT\r\n`;
const ANSWERS = [
  ['220', '250', '250 2.1.0', '250 2.1.5', '550 5.1.1', '354', '250 2.0.0'],
  ['250 2.1.0', '250 2.1.5', '250 2.0.0', '250 2.0.0', '250 2.0.0', '221 2.0.0'],
].flat();
const CONTENTS = ['Subject: 1\r\n\r\n.dot\r\n', 'Subject: 2\r\n\r\nx\r\n'];

async function play(world: World, input: string): Promise<string[]> {
  return codes(await world.play([Buffer.from(input, 'latin1')]));
}

test('a recorded session is answered alike in one piece and cut at every byte', async () => {
  await using world = await World.open();
  world.transfer.slow = true;
  const bytes = Buffer.from(RECORDED);
  for (let cut = 0; cut <= bytes.length; cut++) {
    world.transfer.accepted.length = 0;
    await using client = await world.connect();
    client.send(bytes.subarray(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    client.send(bytes.subarray(cut));
    await client.untilClosed();
    assert.deepEqual(codes(client.received), ANSWERS, `cut at ${cut}`);
    assert.deepEqual(
      world.transfer.accepted.map(({ content }) => content),
      CONTENTS,
    );
  }
});

test('byte by byte', async () => {
  await using world = await World.open();
  await using client = await world.connect();
  for (const byte of Buffer.from(RECORDED)) {
    client.send(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.untilClosed();
  assert.deepEqual(codes(client.received), ANSWERS);
  assert.deepEqual(
    world.transfer.accepted.map(({ content }) => content),
    CONTENTS,
  );
});

test('a client that vanishes at any byte leaves only what was whole', async () => {
  await using world = await World.open();
  const first = RECORDED.indexOf('..dot\r\n.\r\n') + '..dot\r\n.\r\n'.length;
  const second = RECORDED.indexOf('NOOP');
  for (let cut = 0; cut < RECORDED.length; cut++) {
    world.transfer.accepted.length = 0;
    await using client = await world.connect();
    await client.reply();
    client.send(RECORDED.slice(0, cut));
    if (cut % 2 === 0) client.finish();
    else setImmediate(() => client.destroy());
    await client.untilClosed();
    await world.quiet();
    const most = Number(cut >= first) + Number(cut >= second);
    const count = world.transfer.accepted.length;
    // One who resets the connection may do so before all he sent is read; one who ends it is heard to the end.
    assert.ok(cut % 2 === 0 ? count === most : count <= most, `cut at ${cut}: ${count} of ${most}`);
    assert.equal(
      world.transfer.begun - world.transfer.disposed,
      acceptedSoFar(world),
      `cut at ${cut}`,
    );
  }
});

let acceptedBefore = 0;
/** Submissions that were neither accepted nor disposed of would show as a difference. */
function acceptedSoFar(world: World): number {
  acceptedBefore += world.transfer.accepted.length;
  return acceptedBefore;
}

test('nothing is smuggled: only CRLF.CRLF ends mail data', async () => {
  await using world = await World.open();
  const smuggled = 'MAIL FROM:<evil@far.example>\r\nRCPT TO:<ann@example.test>\r\nDATA\r\nevil';
  for (const end of [
    '\n.\n',
    '\n.\r\n',
    '\r\n.\n',
    '\r.\r',
    '\r.\r\n',
    '\r\n.\r',
    '\r\n.\r\r\n',
    '\n\n.\r\n',
    '\n.\n\n',
  ]) {
    const got = await play(world, `${ENVELOPE}DATA\r\nx${end}${smuggled}\r\n.\r\nNOOP\r\n`);
    const name = JSON.stringify(end);
    assert.equal(world.transfer.accepted.length, 0, name);
    assert.deepEqual(got.slice(4), ['354', '550 5.5.2', '250 2.0.0'], name);
  }
  // A NUL beside the dot is a byte like others; the message is one.
  const nul = await play(world, `${ENVELOPE}DATA\r\nx\r\n\0.\r\n${smuggled}\r\n.\r\nNOOP\r\n`);
  assert.deepEqual(nul.slice(4), ['354', '250 2.0.0', '250 2.0.0']);
  assert.equal(world.transfer.accepted.length, 1);
  assert.match(world.transfer.accepted[0]!.content, /evil\r\n$/);
});

test('BDAT: chunks, an empty last one, binary content', async () => {
  await using world = await World.open();
  const got = await play(world, `${BINARY}BDAT 4\r\na\r\n.BDAT 3\r\n\n\0\rBDAT 0 LAST\r\nQUIT\r\n`);
  assert.deepEqual(got.slice(4), ['250 2.0.0', '250 2.0.0', '250 2.0.0', '221 2.0.0']);
  assert.equal(world.transfer.accepted[0]?.content, 'a\r\n.\n\0\r');
  assert.equal(world.transfer.accepted[0]?.envelope.body, 'BINARYMIME');
});

test('BDAT: out of order, its chunk is read all the same', async () => {
  await using world = await World.open();
  assert.deepEqual(await play(world, 'EHLO a\r\nBDAT 6\r\nRSET\r\nNOOP\r\n'), [
    '220',
    '250',
    '503 5.5.1',
    '250 2.0.0',
  ]);
  const refused = ENVELOPE.replace('bob', 'nobody');
  assert.deepEqual((await play(world, `${refused}BDAT 2\r\nxxBDAT 1 LAST\r\nx`)).slice(4), [
    '554 5.5.1',
    '503 5.5.1',
  ]);
  const mixed = `${ENVELOPE}BDAT 2\r\nxxDATA\r\nRCPT TO:<ann@example.test>\r\nMAIL FROM:<>\r\nRSET\r\n`;
  assert.deepEqual((await play(world, mixed)).slice(4), [
    '250 2.0.0',
    '503 5.5.1',
    '503 5.5.1',
    '503 5.5.1',
    '250 2.0.0',
  ]);
  assert.deepEqual((await play(world, `${BINARY}DATA\r\nNOOP\r\n`)).slice(4), [
    '503 5.5.1',
    '250 2.0.0',
  ]);
  // Nobody knows how much follows: nothing more is heard.
  assert.deepEqual((await play(world, `${ENVELOPE}BDAT x\r\nNOOP\r\n`)).slice(4), ['501 5.5.4']);
  await world.quiet();
  assert.equal(world.transfer.accepted.length, 0);
  assert.equal(world.transfer.disposed, world.transfer.begun);
});

test('BDAT: a line end alone is refused as in DATA, unless the body is binary', async () => {
  await using world = await World.open();
  for (const chunks of ['BDAT 3\r\na\nbBDAT 1 LAST\r\nx', 'BDAT 2\r\na\rBDAT 1 LAST\r\nx'])
    assert.equal((await play(world, `${ENVELOPE}${chunks}`)).includes('550 5.5.2'), true, chunks);
  assert.equal((await play(world, `${ENVELOPE}BDAT 2 LAST\r\na\r`)).at(-1), '550 5.5.2');
  assert.equal(
    (await play(world, `${ENVELOPE}BDAT 2\r\na\rBDAT 1 LAST\r\n\n`)).at(-1),
    '250 2.0.0',
  );
  assert.equal(world.transfer.accepted[0]?.content, 'a\r\n');
});

test('BDAT: over the limit, the chunks after the one that failed fail too', async () => {
  await using world = await World.open({ limits: { sizeBytesMax: 5 } });
  const got = await play(world, `${ENVELOPE}BDAT 4\r\nxxxxBDAT 4\r\nxxxxBDAT 1 LAST\r\nxNOOP\r\n`);
  assert.deepEqual(got.slice(4), ['250 2.0.0', '552 5.3.4', '503 5.5.1', '250 2.0.0']);
  assert.equal(world.transfer.disposed, 1);
});

test('replies to a group of commands go out in one piece', async () => {
  await using world = await World.open();
  await using client = await world.hello();
  const before = client.received.length;
  const pieces: number[] = [];
  client.send(
    'MAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nRCPT TO:<ann@example.test>\r\nDATA\r\n',
  );
  await client.reply();
  pieces.push(client.received.length - before);
  assert.match(client.received.slice(before), /250 2\.1\.0 .*\r\n250 .*\r\n250 .*\r\n354 .*\r\n$/);
});
