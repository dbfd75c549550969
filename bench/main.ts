import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { imapMix } from './imap-mix.ts';
import { ingest } from './ingest.ts';
import { printTable, type Table } from './report.ts';
import type { BenchOptions } from './rounds.ts';

/**
 * Benchmarks: each runs Posthorn and its peer in turn (A B A B …) on the same machine and gives medians and their ratio. They measure and
 * never pass or fail. `npm run bench -- NAME [--rounds N] [--only a,b] [--json DIR]`
 */
const BENCHES: Readonly<Record<string, (options: BenchOptions) => Promise<readonly Table[]>>> = {
  ingest,
  'imap-mix': imapMix,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    size: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'string', default: 'bench/results' },
  },
});
const [name] = positionals;
const bench = BENCHES[name ?? ''];
if (bench === undefined) {
  process.stderr.write(
    `usage: npm run bench -- NAME, with one of ${Object.keys(BENCHES).join(', ')}\n`,
  );
  process.exit(2);
}
const tables = await bench({
  rounds: Number(values.rounds),
  size: values.size === undefined ? undefined : Number(values.size),
  only: values.only?.split(','),
});
for (const table of tables) printTable(table);
mkdirSync(values.json, { recursive: true });
writeFileSync(`${values.json}/${name}.json`, `${JSON.stringify(tables, undefined, 2)}\n`);
