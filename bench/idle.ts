import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deliverSteadily } from './deliver.ts';
import type { IdleNews, IdleOrder } from './idle-clients.ts';
import { memoryOf } from './memory.ts';
import { quantile, type Table } from './report.ts';
import { alternateFresh, type BenchOptions, type Figures } from './rounds.ts';
import type { Server } from './servers.ts';

/** Sessions of one process: it may have 20,000 files open, or far fewer. */
const PER_PROCESS = 2500;
const PER_MAILBOX = 20;
const DELIVERIES_A_SECOND = 200;
const SECONDS = 10;
const SETTLE_MS = 3000;

/** Sessions in IDLE, 20 of each mailbox: the memory each takes, and how soon they hear of a delivery after it was acknowledged. */
export async function idle(options: BenchOptions): Promise<readonly Table[]> {
  const wanted = options.sessions ?? 10_000;
  const held: string[] = [];
  const rounds = await alternateFresh(options, async (server, round) => {
    const sessions = Math.min(wanted, server.sessionsMax);
    if (round === 0) held.push(`${server.name}: ${sessions} sessions`);
    return await measure(server, sessions);
  });
  const notes = [
    ...held,
    `${PER_MAILBOX} sessions a mailbox, ${DELIVERIES_A_SECOND} deliveries/s for ${SECONDS} s`,
    ...rounds.versions,
  ];
  const table = (title: string, unit: string, mode: string): Table => ({
    title: `idle, ${title}`,
    unit,
    notes,
    rows: rounds.figures(mode),
  });
  return [
    table('memory of a session', 'KB', 'memory'),
    table('memory of the server with one session', 'MB', 'before'),
    table('memory of the server with all sessions', 'MB', 'after'),
    table('from the OK of a delivery to EXISTS, median', 'ms', 'median'),
    table('from the OK of a delivery to EXISTS, p99', 'ms', 'p99'),
    table('EXISTS that came within 10 s of the last delivery', '%', 'arrived'),
  ];
}

async function measure(server: Server, sessions: number): Promise<Figures> {
  const locals = Array.from({ length: Math.ceil(sessions / PER_MAILBOX) }, (_, i) => `idle${i}`);
  const users = await server.addMailboxes(locals);
  // What it took to make the mailboxes would be there for the sessions to take.
  await server.stop();
  await server.start();
  await using clients = new IdleClients();
  // What the first session makes the server load is not a session's.
  await clients.open(server, users, 1);
  await sleep(SETTLE_MS);
  const before = memoryOf(server.processes());
  for (let open = 1; open < sessions; open += PER_PROCESS)
    await clients.open(server, users, Math.min(PER_PROCESS, sessions - open));
  await sleep(SETTLE_MS);
  const after = memoryOf(server.processes());
  const deliveries = await deliverSteadily(server, users, DELIVERIES_A_SECOND, SECONDS);
  const expected = deliveries.reduce((sum, { user }) => sum + clients.sessionsOf(user), 0);
  await clients.heard(expected);
  const latencies = clients.latenciesOf(deliveries);
  return {
    memory: (after - before) / (sessions - 1) / 1024,
    before: before / 1e6,
    after: after / 1e6,
    median: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    arrived: (100 * latencies.length) / expected,
  };
}

/** When the client processes heard of the nth message of a mailbox. */
class IdleClients implements AsyncDisposable {
  readonly #children: ChildProcess[] = [];
  readonly #sessions = new Map<string, number>();
  readonly #news: (IdleNews & { readonly kind: 'heard' })[] = [];
  #next = 0;
  #heard = 0;

  sessionsOf(user: string): number {
    return this.#sessions.get(user) ?? 0;
  }

  /** Opens sessions in one more process, mailbox after mailbox. */
  async open(server: Server, users: readonly string[], count: number): Promise<void> {
    const names = Array.from({ length: count }, () => users[this.#next++ % users.length]!);
    for (const name of names) this.#sessions.set(name, this.sessionsOf(name) + 1);
    const child = fork(join(import.meta.dirname, 'idle-clients.ts'), { serialization: 'advanced' });
    this.#children.push(child);
    const ready = Promise.withResolvers<void>();
    child.on('exit', () => ready.reject(new Error('the clients ended')));
    child.on('message', (news: IdleNews) => {
      if (news.kind === 'ready') return ready.resolve();
      this.#news.push(news);
      for (const { to, from } of news.exists) this.#heard += to - from;
    });
    const { imapPort: port, password } = server;
    const order: IdleOrder = { port, password, users: names };
    child.send(order);
    await ready.promise;
  }

  /** Waits until so many EXISTS have come, or nothing more does. */
  async heard(expected: number): Promise<void> {
    const untilMs = performance.now() + 10_000;
    while (this.#heard < expected && performance.now() < untilMs) await sleep(50);
  }

  /** How long after its acknowledgement each session heard of each delivery, in ms. */
  latenciesOf(
    deliveries: readonly { readonly user: string; readonly atMs: number }[],
  ): readonly number[] {
    const acknowledged = new Map<string, number[]>();
    for (const { user, atMs } of deliveries) {
      const times = acknowledged.get(user) ?? [];
      acknowledged.set(user, times);
      times.push(atMs);
    }
    const latencies: number[] = [];
    for (const { exists } of this.#news)
      for (const { user, from, to, atMs } of exists)
        for (let nth = from; nth < to; nth++) {
          const sentMs = acknowledged.get(user)?.[nth];
          if (sentMs !== undefined) latencies.push(atMs - sentMs);
        }
    return latencies;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      child.removeAllListeners('exit');
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    }
  }
}
