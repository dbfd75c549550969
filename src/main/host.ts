import type { AdminHost, ServerStatus } from '#admin';
import { metrics, systemClock, waits } from '#kernel';
import type { Engine } from '#storage';
import type { ListenAddress } from './config.ts';
import type { FrontStatus } from './front.ts';
import type { Sessions } from './sessions.ts';
import { VERSION } from './version.ts';

/** What the administrator can ask of a running server. */
export class ServerHost implements AdminHost {
  readonly #parts: {
    listen: readonly ListenAddress[];
    sessions: Sessions;
    engine: Engine;
    stop: () => void;
  };
  readonly #startedAtMs = systemClock.now();

  constructor(parts: {
    listen: readonly ListenAddress[];
    sessions: Sessions;
    engine: Engine;
    stop: () => void;
  }) {
    this.#parts = parts;
  }

  stop(): void {
    this.#parts.stop();
  }

  async status(): Promise<ServerStatus> {
    const fronts = await this.#parts.sessions.status();
    const own: FrontStatus = {
      sessions: {},
      newcomers: 0,
      watches: 0,
      waits: waits.list().map((wait) => ({ ...wait, thread: 'main' })),
      metrics: metrics.snapshot(),
    };
    const all = [own, ...fronts];
    const { listen, engine } = this.#parts;
    return {
      pid: process.pid,
      version: VERSION,
      startedAtMs: this.#startedAtMs,
      uptimeMs: systemClock.now() - this.#startedAtMs,
      listeners: listen.map(({ name, host, port }) => ({ name, address: `${host}:${port}` })),
      counts: { ...(await engine.read.counts()) },
      sessions: sum(all.map((status) => status.sessions)),
      newcomers: all.reduce((total, { newcomers }) => total + newcomers, 0),
      watches: all.reduce((total, { watches }) => total + watches, 0),
      waits: all.flatMap((status) => status.waits),
      metrics: sum(all.map((status) => status.metrics)),
    };
  }
}

function sum(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const record of records)
    for (const [name, value] of Object.entries(record)) total[name] = (total[name] ?? 0) + value;
  return total;
}
