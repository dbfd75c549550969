import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { CommandReader, parseCommand } from '../../src/wire/imap/index.ts';
import { ImapClient } from './imap.ts';

type Answer = (command: string, say: (wire: string) => void, socket: Socket) => void;

/** A server of one connection that greets and gives each whole command to `answer`. */
async function withServer(answer: Answer, run: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((socket) => {
    const reader = new CommandReader();
    const say = (wire: string): boolean => socket.write(wire, 'latin1');
    socket.on('error', () => socket.destroy());
    say('* OK [CAPABILITY IMAP4rev2] ready\r\n');
    socket.on('data', (chunk) => {
      reader.push(chunk as Buffer);
      for (let next = reader.next(); next.kind !== 'need-more'; next = reader.next()) {
        if (next.kind === 'literal' && reader.collect() && next.synchronizing) say('+ go\r\n');
        if (next.kind === 'command') answer(next.bytes.toString(), say, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  try {
    await run(address.port);
  } finally {
    server.close();
  }
}

test('commands, literals, FETCH and errors', async () => {
  const commands: string[] = [];
  const answer: Answer = (command, say) => {
    commands.push(command);
    const tag = command.split(' ')[0];
    if (command.includes('FETCH')) say('* 1 FETCH (UID 7 BODY[] {3}\r\nabc)\r\n');
    say(`${tag} ${command.includes('NOSUCH') ? 'NO [NONEXISTENT] none' : 'OK done'}\r\n`);
  };
  await withServer(answer, async (port) => {
    await using client = await ImapClient.connect({ port });
    assert.equal(client.greeting.code, 'CAPABILITY');
    await client.login('jöe', 'a b');
    const appended = await client.append('x y', Buffer.from('mail'), '(\\Seen)');
    assert.equal(appended.status, 'OK');
    const [fetched] = await client.fetch('1', 'BODY[]');
    assert.deepEqual(fetched?.items.get('BODY[]'), Buffer.from('abc'));
    const refused = await client.command('SELECT NOSUCH');
    assert.equal(refused.code, 'NONEXISTENT');
    await assert.rejects(client.ok('SELECT NOSUCH'), /SELECT NOSUCH: NO none/);
  });
  const [login, append] = commands.map((text) =>
    parseCommand(Buffer.from(text), { utf8Names: false }),
  );
  assert.ok(login?.ok && append?.ok);
  assert.deepEqual(login.command.body, { name: 'LOGIN', user: 'jöe', password: 'a b' });
  assert.ok(append.command.body.name === 'APPEND');
  const data = append.command.body.run.steps.find(({ step }) => step === 'data');
  assert.deepEqual(data, { step: 'data', bytes: Buffer.from('mail') });
});

test('IDLE gives data as it comes', async () => {
  let idleTag = '';
  const answer: Answer = (command, say) => {
    if (command === 'DONE') return say(`${idleTag} OK done\r\n`);
    idleTag = command.split(' ')[0]!;
    say('+ idling\r\n* 1 RECENT\r\n* 4 EXISTS\r\n* 5 EXISTS\r\n');
  };
  await withServer(answer, async (port) => {
    await using client = await ImapClient.connect({ port });
    const idle = await client.idle();
    const exists = await idle.waitFor((data) => data.type === 'EXISTS', 'EXISTS');
    assert.deepEqual(exists, { type: 'EXISTS', count: 4 });
    const done = await idle.done();
    assert.deepEqual(done.untagged, [{ type: 'EXISTS', count: 5 }]);
  });
});

test('a wait in vain says what was awaited and what arrived', async () => {
  const answer: Answer = (command, say, socket) => {
    say('* 3 EXISTS\r\n');
    if (command.includes('CLOSE')) socket.end();
  };
  await withServer(answer, async (port) => {
    await using client = await ImapClient.connect({ port, waitMs: 100 });
    await assert.rejects(
      client.command('NOOP'),
      /awaiting the completion of t1: waited 100 ms.*3 EXISTS/,
    );
    await assert.rejects(
      client.command('CLOSE'),
      /awaiting the completion of t2: closed by the server/,
    );
    await client.closed();
    assert.equal(client.ended, true);
  });
});
