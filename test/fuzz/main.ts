// npm run fuzz -- [TARGET] [--seconds N] [--seed S] [--keep]
// npm run fuzz -- TARGET --replay FILE...
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Campaign, fuzz } from './campaign.ts';
import { keepInput } from './corpus.ts';
import { TARGETS, type TargetEntry } from './targets.ts';
import { Watched } from './watched.ts';

const SECONDS = 600;
const SEEDS_KEPT_MAX = 24;
const SEED_BYTES_MAX = 2000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string' },
    seed: { type: 'string' },
    replay: { type: 'boolean' },
    keep: { type: 'boolean' },
  },
});
const [name, ...files] = positionals;
const chosen = name === undefined ? TARGETS : TARGETS.filter((target) => target.name === name);
if (chosen.length === 0) {
  console.error(`no target is called ${name}; there are ${TARGETS.map((t) => t.name).join(', ')}`);
  process.exit(2);
}

let broken = 0;
if (values.replay === true) for (const file of files) await replay(chosen[0]!, file);
else for (const target of chosen) await search(target);
process.exit(broken === 0 ? 0 : 1);

async function replay(target: TargetEntry, file: string): Promise<void> {
  await using watched = new Watched(target.module, target);
  const verdict = await watched.run(readFileSync(file));
  console.log(`${file}: ${verdict.kind === 'sound' ? verdict.outcome : verdict.text}`);
  if (verdict.kind === 'broken') broken++;
}

async function search(target: TargetEntry): Promise<void> {
  const seconds = Number(values.seconds ?? SECONDS);
  const seed = values.seed ?? String(Date.now());
  console.log(`${target.name}: ${seconds} s, seed ${seed}`);
  const done = await fuzz(target, seed, seconds);
  broken += done.findings.length;
  show(target, done);
  if (values.keep === true) keepSeeds(target, done);
}

function show({ name }: TargetEntry, done: Campaign): void {
  const { executions, seconds, kept, covered, outcomes, findings } = done;
  const speed = Math.round(executions / seconds);
  console.log(
    `${name}: ${executions} executions in ${Math.round(seconds)} s (${speed}/s), ` +
      `${kept.length} inputs kept, ${covered} characters of source run, ` +
      `${outcomes.size} outcomes, ${findings.length} findings`,
  );
  const usual = [...outcomes].sort((a, b) => b[1] - a[1]).slice(0, 8);
  console.log(`  ${usual.map(([outcome, times]) => `${outcome} ${times}`).join(', ')}`);
  for (const finding of findings) {
    console.log(`  ${finding.broken.signature}`);
    console.log(`    npm run fuzz -- ${name} --replay ${finding.path}`);
    console.log(`    ${finding.broken.text.split('\n').slice(0, 12).join('\n    ')}`);
  }
}

/** Keeps the short inputs that ran most code that none before them ran. */
function keepSeeds({ name }: TargetEntry, { kept }: Campaign): void {
  const best = kept
    .filter(({ input, gain }) => gain > 0 && input.length <= SEED_BYTES_MAX)
    .sort((a, b) => b.gain - a.gain)
    .slice(0, SEEDS_KEPT_MAX);
  for (const { input } of best) keepInput(name, 'seed', input);
}
