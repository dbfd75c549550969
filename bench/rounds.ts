import { startPostfixDovecot } from './peer.ts';
import { type Server, startPosthorn, startPosthornOnPostgres } from './servers.ts';

export interface BenchOptions {
  readonly rounds: number;
  /** Messages or seconds of one round, where the bench has such a size. */
  readonly size: number | undefined;
  /** Messages in the store, where the bench fills one. */
  readonly messages: number | undefined;
  /** Sessions at the same time. */
  readonly sessions: number | undefined;
  /** Servers to run; undefined is all. */
  readonly only: readonly string[] | undefined;
}

interface Row {
  readonly server: string;
  readonly figures: readonly number[];
}

/** What the rounds brought: versions of the servers, and figures by mode and server. */
export interface Rounds {
  readonly versions: readonly string[];
  figures(mode: string): readonly Row[];
}

/** What one measurement of a server found, by mode. */
export type Figures = Readonly<Record<string, number>>;

const STARTS = {
  posthorn: startPosthorn,
  'posthorn-postgres': startPosthornOnPostgres,
  'postfix+dovecot': startPostfixDovecot,
};

/** The names by which `only` chooses. */
export const SERVERS: readonly string[] = Object.keys(STARTS);

/** Measures the servers in turn (A B A B …), in each round each mode on a server that has just been started. */
export async function alternate(
  options: BenchOptions,
  modes: readonly string[],
  measure: (server: Server, mode: string, round: number) => Promise<number>,
): Promise<Rounds> {
  return await alternateFresh(options, async (server, round) => {
    const figures: Record<string, number> = {};
    for (const mode of modes) figures[mode] = await measure(server, mode, round);
    return figures;
  });
}

/** As `alternate`, where one measurement brings the figures of all modes. */
export async function alternateFresh(
  options: BenchOptions,
  measure: (server: Server, round: number) => Promise<Figures>,
): Promise<Rounds> {
  const measured = new Measured();
  for (let round = 0; round < options.rounds; round++)
    for (const [name, start] of startsOf(options)) {
      await using server = await start();
      measured.version(name, server);
      measured.take(name, round, await measure(server, round));
    }
  return measured;
}

/** Measures servers in turn that all run from the beginning, each with a store that was filled once. */
export async function alternateFilled<Store>(
  options: BenchOptions,
  fill: (server: Server) => Promise<Store>,
  measure: (server: Server, store: Store, round: number) => Promise<Figures>,
): Promise<Rounds> {
  const measured = new Measured();
  await using servers = new AsyncDisposableStack();
  const filled: (readonly [string, Server, Store])[] = [];
  for (const [name, start] of startsOf(options)) {
    const server = servers.use(await start());
    measured.version(name, server);
    const startedMs = performance.now();
    filled.push([name, server, await fill(server)]);
    process.stderr.write(`${name}: filled in ${Math.round(performance.now() - startedMs)} ms\n`);
  }
  for (let round = 0; round < options.rounds; round++)
    for (const [name, server, store] of filled)
      measured.take(name, round, await measure(server, store, round));
  return measured;
}

function startsOf({ only }: BenchOptions): readonly (readonly [string, () => Promise<Server>])[] {
  return Object.entries(STARTS).filter(([name]) => only?.includes(name) ?? true);
}

class Measured implements Rounds {
  readonly #servers = new Map<string, string>();
  readonly #figures = new Map<string, Map<string, number[]>>();

  get versions(): readonly string[] {
    return [...this.#servers].map(([name, version]) => `${name}: ${version}`);
  }

  version(name: string, { version }: Server): void {
    this.#servers.set(name, version);
  }

  take(name: string, round: number, figures: Figures): void {
    for (const [mode, figure] of Object.entries(figures)) {
      process.stderr.write(`round ${round + 1}, ${name}, ${mode}: ${figure.toFixed(2)}\n`);
      const ofMode = this.#figures.get(mode) ?? new Map<string, number[]>();
      this.#figures.set(mode, ofMode);
      ofMode.set(name, [...(ofMode.get(name) ?? []), figure]);
    }
  }

  figures(mode: string): readonly Row[] {
    const ofMode = this.#figures.get(mode);
    return [...this.#servers.keys()].flatMap((server) => {
      const figures = ofMode?.get(server);
      return figures === undefined ? [] : [{ server, figures }];
    });
  }
}
