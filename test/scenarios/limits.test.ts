/** Limits of the real server, which has two threads: counts are of the process. Clients come from addresses of loopback, which nobody trusts here. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#kernel';
import type { ListenerName } from '../../src/main/config.ts';
import { ImapClient } from '../clients/imap.ts';
import { addMailboxes, PASSWORD, TestDirectory, TestServer } from '../server.ts';

const CONFIG = {
  fronts: 2,
  limits: {
    trusted: ['127.0.0.1'],
    connectionsPerAddress: 8,
    connectionsPerAddressPerMinute: 40,
    newcomers: 8,
    sessionsPerMailbox: 3,
    failedLogins: 3,
    badCommands: 4,
  },
};
const USER = 'm0@example.test';

class Line {
  readonly #socket: Socket;
  #got = '';
  #ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (text: string) => {
      this.#got += text;
    });
    socket.on('close', () => {
      this.#ended = true;
    });
  }

  static async connect(port: number, from: string): Promise<Line> {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    await once(socket, 'connect');
    return new Line(socket);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The next line; undefined at the end. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#got.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#got.slice(0, end);
        this.#got = this.#got.slice(end + 2);
        return line;
      }
      if (this.#ended) return undefined;
      await Promise.race([once(this.#socket, 'data'), once(this.#socket, 'close')]);
    }
  }

  async say(text: string): Promise<string | undefined> {
    this.#socket.write(`${text}\r\n`);
    return this.line();
  }

  close(): void {
    this.#socket.destroy();
  }
}

describe('limits', { timeout: 60_000 }, () => {
  const dir = new TestDirectory();
  let server: TestServer;

  before(async () => {
    await addMailboxes(dir.data, 2);
    const listen = ['imap', 'pop3', 'smtp', 'submission', 'imaps'] as const;
    server = await TestServer.start({ data: dir.data, listen, config: CONFIG });
  });
  after(async () => {
    await server.stop();
    dir[Symbol.dispose]();
  });

  async function lines(count: number, listener: ListenerName, from: string): Promise<Line[]> {
    const all: Line[] = [];
    for (let number = 0; number < count; number++)
      all.push(await Line.connect(server.port(listener), from));
    return all;
  }

  async function none(): Promise<void> {
    for (;;) {
      await server.untilNone('imap', 'pop3', 'smtp', 'submission');
      if ((await server.status()).newcomers === 0) return;
    }
  }

  test('connections of an address: each protocol says it its way, over all threads', async () => {
    const all = await lines(8, 'imap', '127.1.0.1');
    for (const line of all) assert.match((await line.line())!, /^\* OK/);
    const said: readonly (readonly [ListenerName, RegExp])[] = [
      ['imap', /^\* BYE \[LIMIT\] .*your address/],
      ['pop3', /^-ERR \[SYS\/TEMP\] .*your address/],
      ['smtp', /^421 4\.7\.0 .*your address/],
      ['submission', /^421 4\.7\.0 .*your address/],
    ];
    for (const [listener, wanted] of said) {
      const [refused] = await lines(1, listener, '127.1.0.1');
      assert.match((await refused!.line())!, wanted);
      assert.equal(await refused!.line(), undefined);
    }
    const [silent] = await lines(1, 'imaps', '127.1.0.1');
    assert.equal(await silent!.line(), undefined);
    const [other] = await lines(1, 'imap', '127.1.0.2');
    assert.match((await other!.line())!, /^\* OK/);
    for (const line of [...all, other!]) line.close();
    await none();
    assert.ok((await server.status()).metrics['posthorn_connections_refused_of_address']! >= 5);
  });

  test('connections in a minute', async () => {
    let refused: string | undefined;
    for (let count = 0; count < 1000 && refused === undefined; count++) {
      const [line] = await lines(1, 'pop3', '127.1.0.3');
      const greeting = await line!.line();
      // Before that it may be one of too many at once.
      if (greeting?.includes('short time') === true) refused = greeting;
      line!.close();
    }
    assert.match(refused!, /^-ERR \[SYS\/TEMP\] .*short time/);
    await none();
  });

  test('the oldest newcomer makes room, who has logged in or has mail for somebody never', async () => {
    const [imap, smtp] = [
      (await lines(1, 'imap', '127.1.1.1'))[0]!,
      (await lines(1, 'smtp', '127.1.1.1'))[0]!,
    ];
    await imap.line();
    assert.match((await imap.say(`a LOGIN ${USER} "${PASSWORD}"`))!, /^a OK/);
    await smtp.line();
    for (const text of ['HELO c', 'MAIL FROM:<>', `RCPT TO:<${USER}>`])
      assert.match((await smtp.say(text))!, /^250/);
    const crowd: Line[] = [];
    for (let number = 0; number < 24; number++)
      crowd.push(
        ...(await lines(1, (['imap', 'pop3', 'smtp'] as const)[number % 3]!, `127.1.2.${number}`)),
      );
    // Eight stay, and a thread may be late by one.
    while (crowd.filter(({ ended }) => ended).length < 15) await systemClock.sleep(10);
    for (const line of crowd.filter(({ ended }) => ended)) {
      await line.line();
      assert.match((await line.line())!, /^(\* BYE \[LIMIT\]|-ERR \[SYS\/TEMP\]|421 4\.3\.2) /);
    }
    const status = await server.status();
    assert.ok(status.newcomers <= 9, `${status.newcomers} newcomers`);
    assert.ok(status.metrics['posthorn_newcomers_shown_out']! >= 14);
    assert.match((await imap.say('b NOOP'))!, /^b OK/);
    assert.match((await smtp.say('NOOP'))!, /^250/);
    for (const line of [...crowd, imap, smtp]) line.close();
    await none();
  });

  test('sessions of a mailbox, by both protocols and over all threads', async () => {
    const clients: ImapClient[] = [];
    for (let count = 0; count < 2; count++) clients.push(await server.imap(USER));
    const pop3 = await server.pop3(USER);
    const fourth = await ImapClient.connect({ port: server.port('imap') });
    const refused = await fourth.login(USER, PASSWORD);
    assert.deepEqual([refused.status, refused.code], ['NO', 'LIMIT']);
    await pop3.quit();
    await server.untilNone('pop3');
    assert.equal((await fourth.login(USER, PASSWORD)).status, 'OK');
    for (const client of [...clients, fourth]) client.close();
    await none();
  });

  test('bad commands end a session', async () => {
    const client = await ImapClient.connect({ port: server.port('imap') });
    for (let count = 0; count < 4; count++)
      assert.equal((await client.command('NONSENSE')).status, 'BAD');
    await client.closed();
  });

  test('who guesses is held back and refused; others with that name are not', async () => {
    const from = '127.1.3.1';
    const guess = async (): Promise<string> => {
      const [line] = await lines(1, 'imap', from);
      await line!.line();
      const answer = (await line!.say(`a LOGIN ${USER} wrong`))!;
      line!.close();
      return answer;
    };
    // All at once, before the first of them has failed: that is more than is free.
    await Promise.all(Array.from({ length: 8 }, () => guess()));
    const answer = await guess();
    assert.match(answer, /^a NO \[UNAVAILABLE\] Too many failed logins from your address/);
    const [pop3] = await lines(1, 'pop3', from);
    await pop3!.line();
    await pop3!.say(`USER ${USER}`);
    const refused = (await pop3!.say('PASS wrong'))!;
    assert.match(refused, /^-ERR (\[SYS\/TEMP\] Too many failed logins|\[AUTH\])/);
    pop3!.close();
    // The rightful user, elsewhere.
    const [other] = await lines(1, 'imap', '127.1.3.2');
    await other!.line();
    assert.match((await other!.say(`a LOGIN ${USER} "${PASSWORD}"`))!, /^a OK/);
    other!.close();
    const { metrics } = await server.status();
    assert.ok(metrics['posthorn_logins_failed']! > 3);
    assert.ok(metrics['posthorn_logins_refused']! > 0);
  });
});
