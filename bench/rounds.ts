import {
  type Server,
  startPostfixDovecot,
  startPosthorn,
  startPosthornOnPostgres,
} from './servers.ts';

export interface BenchOptions {
  readonly rounds: number;
  /** Messages or seconds of one round, where the bench has such a size. */
  readonly size: number | undefined;
  /** Servers to run; undefined is all. */
  readonly only: readonly string[] | undefined;
}

/** What the rounds brought: versions of the servers, and figures by mode and server. */
export interface Rounds {
  readonly versions: readonly string[];
  figures(
    mode: string,
  ): readonly { readonly server: string; readonly figures: readonly number[] }[];
}

const STARTS = {
  posthorn: startPosthorn,
  'posthorn-postgres': startPosthornOnPostgres,
  'postfix+dovecot': startPostfixDovecot,
};

/** Measures the servers in turn (A B A B …), in each round each mode on a server that has just been started. */
export async function alternate(
  options: BenchOptions,
  modes: readonly string[],
  measure: (server: Server, mode: string, round: number) => Promise<number>,
): Promise<Rounds> {
  const measured = new Map<string, number[]>();
  const versions: string[] = [];
  const starts = Object.entries(STARTS).filter(([name]) => options.only?.includes(name) ?? true);
  for (let round = 0; round < options.rounds; round++)
    for (const [name, start] of starts) {
      await using server = await start();
      if (round === 0) versions.push(`${name}: ${server.version}`);
      for (const mode of modes) {
        const figure = await measure(server, mode, round);
        process.stderr.write(`round ${round + 1}, ${name}, ${mode}: ${figure.toFixed(0)}\n`);
        const key = `${mode} ${name}`;
        measured.set(key, [...(measured.get(key) ?? []), figure]);
      }
    }
  return {
    versions,
    figures: (mode) =>
      starts.map(([name]) => ({ server: name, figures: measured.get(`${mode} ${name}`) ?? [] })),
  };
}
