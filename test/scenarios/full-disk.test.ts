/** The disk runs full under the real server. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SmtpReply } from '#wire';
import { addMailboxes, checkIsClean, TestDirectory, TestServer } from '../server.ts';
import { type Message, readByImap, readByPop3 } from './inbox.ts';

const DISK = '16m';
const BALLAST_BYTES = 4 * 1024 * 1024;
/** Not enough for a large message, enough for small ones. */
const SOME_ROOM_BYTES = 600_000;
const SMALL_BYTES = 50_000;
const LARGE_BYTES = 1_000_000;

/** A small file system; undefined, with the test skipped, where none can be mounted. */
function smallDisk(t: TestContext, path: string): Disposable | undefined {
  mkdirSync(path);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', path]);
  if (mounted.status === 0)
    return { [Symbol.dispose]: () => void spawnSync('umount', ['-l', path]) };
  t.skip('mounting a small file system needs root: not tested here');
  return undefined;
}

/** Sends numbered messages and remembers which of them were acknowledged. */
class Sender {
  readonly acknowledged: number[] = [];
  readonly #server: TestServer;
  readonly #address: string;
  #next = 0;

  constructor(server: TestServer, address: string) {
    this.#server = server;
    this.#address = address;
  }

  static message(number: number, sizeBytes: number): Buffer {
    return Buffer.concat([
      Buffer.from(`Subject: ${number}\r\n\r\n`),
      Buffer.alloc(sizeBytes, `${number} fills the disk\r\n`),
      Buffer.from('\r\n'),
    ]);
  }

  /** Sends one of a size; gives the answer to the message. */
  async send(sizeBytes: number): Promise<SmtpReply> {
    const number = this.#next++;
    await using client = await this.#server.smtp();
    const message = Sender.message(number, sizeBytes);
    const sender = `${number}.${sizeBytes}@fill.example`;
    const reply = await client.sendMail(sender, [this.#address], message);
    if (reply.code === 250) this.acknowledged.push(number);
    return reply;
  }

  async untilFull(sizeBytes: number): Promise<void> {
    for (;;) {
      const reply = await this.send(sizeBytes);
      if (reply.code === 250) continue;
      assert.deepEqual([reply.code, reply.enhanced], [452, '4.3.1'], reply.lines.join(' '));
      return;
    }
  }

  /** The mailbox has all that was acknowledged, in order and unharmed, and nothing else. */
  compare(messages: readonly Message[]): void {
    const found = messages.map(({ sender, bytes }) => {
      const [number, sizeBytes] = sender.split(/[.@]/).map(Number);
      assert.ok(bytes.equals(Sender.message(number!, sizeBytes!)), `${sender} is unharmed`);
      return number;
    });
    assert.deepEqual(found, this.acknowledged);
  }
}

function filesIn(path: string): number {
  const found = readdirSync(path, { recursive: true, withFileTypes: true });
  return found.filter((each) => each.isFile()).length;
}

async function readAll(server: TestServer, address: string, sender: Sender): Promise<void> {
  await using imap = await server.imap(address);
  sender.compare(await readByImap(imap));
  const pop3 = await server.pop3(address);
  sender.compare(await readByPop3(pop3));
  // Not QUIT: that would want to note what was read.
  pop3.destroy();
}

test('a full disk: refused with 452, nothing lost, and it goes on by itself', async (t) => {
  using dir = new TestDirectory();
  const disk = join(dir.root, 'disk');
  using mounted = smallDisk(t, disk);
  if (mounted === undefined) return;
  const data = join(disk, 'data');
  const ballast = join(disk, 'ballast');
  const someRoom = join(disk, 'some-room');
  writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES));
  writeFileSync(someRoom, Buffer.alloc(SOME_ROOM_BYTES));
  const [address] = await addMailboxes(data, 1);
  await using server = await TestServer.start({ data });
  const sender = new Sender(server, address!);

  await sender.untilFull(LARGE_BYTES);
  const large = sender.acknowledged.length;
  rmSync(someRoom);
  await sender.untilFull(SMALL_BYTES);
  const small = sender.acknowledged.length - large;
  assert.ok(large > 0 && small > 0, `${large} large and ${small} small messages fitted`);
  await using imap = await server.imap(address!);
  const appended: string[] = [];
  for (const sizeBytes of [SMALL_BYTES, LARGE_BYTES]) {
    const { status, code } = await imap.append('INBOX', Sender.message(0, sizeBytes));
    appended.push(`${status} ${code}`);
  }
  assert.deepEqual(appended, ['NO UNAVAILABLE', 'NO UNAVAILABLE']);
  await readAll(server, address!, sender);
  assert.equal(filesIn(join(data, 'blobs')), large, 'what was refused left no file');

  rmSync(ballast);
  for (const sizeBytes of [SMALL_BYTES, LARGE_BYTES, SMALL_BYTES]) {
    const { code, lines } = await sender.send(sizeBytes);
    assert.equal(code, 250, `with room again: ${lines.join(' ')}`);
  }
  const { status, text } = await imap.append('Sent', Sender.message(0, SMALL_BYTES));
  assert.equal(status, 'OK', text);
  await readAll(server, address!, sender);
  assert.equal(await checkIsClean(data), sender.acknowledged.length + 1);
  await server.stop();
  t.diagnostic(`full after ${large} large and ${small} small messages; 4 more when there was room`);
});
