import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ResponseReader } from '../../../src/wire/imap/index.ts';
import {
  appending,
  command,
  fetching,
  foldering,
  IMAP_WORDS,
  message,
  onMessages,
  selecting,
  session,
  storing,
} from '../grammar/imap-command.ts';
import { inPieces, type Random } from '../random.ts';
import { House } from '../session/house.ts';
import { Player } from '../session/player.ts';
import { Script } from '../session/script.ts';
import { type Target, wire } from '../target.ts';

/** Inputs that begin so are sent in pieces, without waiting for anything. */
const UNASKED = '~'.charCodeAt(0);
const SEED = [
  'a1 STORE 1:2 +FLAGS (\\Deleted k)',
  '>a2 IDLE',
  'a3 EXPUNGE',
  '>DONE',
  'a4 UID FETCH 1:* (UID FLAGS)',
  '>a5 APPEND INBOX {5+}',
  '\r\nxyz',
  'a6 NOOP',
  'a7 LOGOUT',
  '',
].join('\r\n');

/** So often it is looked whether a session has ended. */
const TURNS_MAX = 1000;

let house: House | undefined;

/** Two clients logged in at INBOX, in which there are five messages. */
async function begin(at: House): Promise<readonly [Player, Player]> {
  await at.freshMailbox();
  const players = [new Player(at.connect()), new Player(at.connect())] as const;
  for (const player of players) {
    await player.greeting();
    await said(player, 'i LOGIN u p');
  }
  const text = 'Subject: s\r\nMessage-ID: <0@x>\r\n\r\ntext';
  await said(players[0], `i APPEND INBOX${` {${text.length}+}\r\n${text}`.repeat(5)}`);
  for (const player of players) await said(player, 'i SELECT INBOX');
  return players;
}

async function said(player: Player, line: string): Promise<void> {
  player.begin(wire(`${line}\r\n`));
  const answer = await player.answer();
  assert.ok(
    typeof answer !== 'string' && answer.condition === 'OK',
    `${line}: ${JSON.stringify(answer)}`,
  );
}

/** A client that can go on is told the truth about its mailbox, which is what any other sees. */
async function checkEnd(player: Player, inbox: readonly string[]): Promise<void> {
  player.begin(wire('z1 NOOP\r\n'));
  if ((await player.answer()) === 'closed' || player.count === undefined) return;
  const seen = await messagesOf(player);
  // After ENABLE UIDONLY there are no numbers.
  if (seen.length === 0) return;
  assert.equal(seen.length, player.count, 'as many messages as EXISTS said');
  if (player.inInbox) assert.deepEqual(seen, inbox, 'what another client sees');
}

/** Uid and flags of each message of the selected mailbox. */
async function messagesOf(player: Player): Promise<readonly string[]> {
  player.begin(wire('z2 UID FETCH 1:* (UID FLAGS)\r\n'));
  const answer = await player.answer();
  assert.ok(typeof answer !== 'string' && answer.condition === 'OK', JSON.stringify(answer));
  return player.fetched.map(({ items }) => {
    const flags = items.get('FLAGS');
    const shared = Array.isArray(flags) ? flags.filter((flag) => flag !== '\\Recent') : [];
    return `${items.get('UID')} ${shared.map(String).sort().join(' ')}`;
  });
}

/** The server goes on serving others. @returns what is in INBOX */
async function inboxOf(at: House): Promise<readonly string[]> {
  const third = new Player(at.connect());
  await third.greeting();
  await said(third, 'y LOGIN u p');
  await said(third, 'y EXAMINE INBOX');
  await said(third, 'y NOOP');
  const messages = await messagesOf(third);
  await third.leave();
  return messages;
}

async function playScript(at: House, input: Buffer): Promise<string> {
  const players = await begin(at);
  const script = new Script(input, players);
  await script.play();
  const inbox = await inboxOf(at);
  for (const player of players)
    if (!player.closed && !script.isBusy(player)) await checkEnd(player, inbox);
  for (const player of players) await player.leave();
  return script.outcome;
}

/** Everything at once: what comes back are responses, and then the connection ends. */
async function pour(at: House, input: Buffer): Promise<string> {
  await at.freshMailbox();
  const stream = at.connect();
  // Only what is whole in itself in either spelling of names is held against the grammar.
  const reader = new ResponseReader({ utf8Names: false });
  const ended = Promise.withResolvers<void>();
  let responses = 0;
  stream.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      responses++;
      if (next.kind === 'invalid') assert.match(next.text, /UTF-7/, next.bytes.toString('latin1'));
    }
  });
  stream.on('end', ended.resolve);
  stream.on('error', ended.resolve);
  for (const piece of inPieces(Buffer.concat([wire('i LOGIN u p\r\n'), input])))
    stream.write(piece);
  stream.end();
  await ended.promise;
  await inboxOf(at);
  return `${Math.min(30, responses)} responses`;
}

async function checkNobodyLeft(at: House): Promise<void> {
  for (let turns = 0; at.server.sessions > 0 && turns < TURNS_MAX; turns++) await sleep(5);
  assert.equal(at.server.sessions, 0, 'every session ends with its connection');
}

function line(random: Random): string {
  return random.one(
    () => onMessages(random),
    () => `UID ${onMessages(random)}`,
    () => storing(random),
    () => `STORE ${random.pick(['1', '2', '1:3', '*', '2,4'])} +FLAGS (\\Deleted)`,
    () =>
      random.pick([
        'EXPUNGE',
        'NOOP',
        'CHECK',
        'UID EXPUNGE 1:*',
        'UID MOVE 1:2 a',
        'CREATE a',
        'MOVE 1 Sent',
        'IDLE\r\nDONE',
      ]),
    () => `APPEND INBOX {${message(random).length}+}\r\n`,
    () => fetching(random),
    () => appending(random),
    () => foldering(random),
    () => selecting(random),
    () => session(random),
    () => command(random),
  );
}

function script(random: Random): string {
  let tag = 0;
  const lines = random.some(1, 30, () => {
    const said = `a${++tag} ${line(random)}\r\n`;
    return random.oneIn(3) ? `>${said.replace('\r\nDONE', '\r\n>DONE')}` : said;
  });
  // In between the other client does something while this one is in IDLE.
  if (random.oneIn(3))
    lines.splice(
      random.below(lines.length),
      0,
      'i1 IDLE\r\n',
      `>i2 ${line(random)}\r\n`,
      'DONE\r\n',
    );
  return lines.join('');
}

/** Whole sessions: two clients at one mailbox of a server with an engine of its own. */
export const target: Target = {
  name: 'imap-session',
  seeds: [
    SEED,
    `~${SEED}`,
    'a1 ENABLE QRESYNC\r\na2 SELECT INBOX\r\n>a3 UID MOVE 1:3 Sent\r\na4 NOOP\r\n',
  ],
  words: [
    ...IMAP_WORDS,
    '>',
    '>a9 EXPUNGE\r\n',
    '>DONE\r\n',
    'DONE\r\n',
    'a9 STORE 1:* +FLAGS.SILENT (\\Deleted)\r\n',
    'a9 ENABLE UIDONLY QRESYNC\r\n',
    'a9 SELECT INBOX\r\n',
  ],
  bytesMax: 6000,
  generate: (random) => wire((random.oneIn(6) ? '~' : '') + script(random)),
  async run(input) {
    if (house?.usedUp === true) await target.close!();
    house ??= await House.open();
    const at = house;
    // Compressed and encrypted connections are for the tests of the kernel.
    const plain = wire(input.toString('latin1').replace(/COMPRESS/gi, 'NOOP'));
    try {
      const outcome =
        plain[0] === UNASKED ? await pour(at, plain.subarray(1)) : await playScript(at, plain);
      if (at.failure !== undefined) throw at.failure;
      await checkNobodyLeft(at);
      return outcome;
    } catch (error) {
      await target.close!();
      throw error;
    }
  },
  async close() {
    await house?.[Symbol.asyncDispose]();
    house = undefined;
  },
};
