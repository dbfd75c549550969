import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { ENGINE } from '../src/storage/fresh.conformance.ts';
import { CountedHouse } from './postgres/counted-house.ts';
import { sharedDatabase } from './postgres/database.ts';
import { Counted, OPERATIONS, type Operation } from './postgres/operations.ts';
import type { WireCost } from './postgres/wire-count.ts';

const DOCUMENT = resolve(import.meta.dirname, '../docs/scaling.md');
const TABLE = /(?<=<!-- round trips: begin -->\n)[\s\S]*?(?=<!-- round trips: end -->)/;
const SMALL = 100;
const LARGE = 10_000;
/** The least of them counts: a look or a hint that comes just then has a session look once more. */
const PASSES = 2;

const skip =
  ENGINE !== 'postgres' || sharedDatabase() === undefined
    ? 'no PostgreSQL in this run: POSTHORN_TEST_ENGINE=postgres with test/postgres/global-setup.ts'
    : false;

interface Count {
  readonly statements: number;
  readonly roundTrips: number;
  /** Commits that wrote something: what has to be synced to the disk. */
  readonly flushes: number;
}

test('what operations cost, whatever the folder holds, as docs/scaling.md says', {
  skip,
}, async (t) => {
  const house = await CountedHouse.start(t);
  const small = await countAll(house, SMALL, t);
  const large = await countAll(house, LARGE, t);
  for (const { name, page } of OPERATIONS) {
    const [few, many] = [small.get(name)!, large.get(name)!];
    // Rows are read in pages: then it is a statement more for each.
    const more = page === undefined ? 0 : Math.ceil(LARGE / page);
    assert.ok(many.statements <= few.statements + more, `${name}: statements grow`);
    assert.ok(many.roundTrips <= few.roundTrips + more, `${name}: round trips grow`);
    assert.equal(many.flushes, few.flushes, `${name}: flushes`);
  }
  const table = tableOf(small, large);
  const document = readFileSync(DOCUMENT, 'utf8');
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(DOCUMENT, document.replace(TABLE, table));
  else assert.equal(TABLE.exec(document)?.[0], table, 'UPDATE_DOCS=1 writes the table');
});

async function countAll(
  house: CountedHouse,
  messages: number,
  t: { diagnostic(text: string): void },
): Promise<ReadonlyMap<string, Count>> {
  const counted = await Counted.prepare(house, messages);
  const counts = new Map<string, Count>();
  for (const operation of OPERATIONS) {
    await countOne(counted, operation, 'warming up');
    const passes: WireCost[] = [];
    for (let pass = 1; pass <= PASSES; pass++) {
      const label = `${operation.name} (${messages}, ${pass})`;
      await countOne(counted, operation, label);
      passes.push(house.wire.cost(label));
    }
    const cost = passes.reduce((least, next) =>
      next.statements < least.statements ? next : least,
    );
    counts.set(operation.name, countOf(cost));
    if (process.env['SHOW_STATEMENTS'] === '1')
      t.diagnostic(
        `${operation.name} (${messages}): ${cost.bytesToServer} bytes there, ${cost.bytesToClient} back\n${cost.texts.join('\n')}\n`,
      );
  }
  return counts;
}

async function countOne(counted: Counted, operation: Operation, label: string): Promise<void> {
  const { wire } = counted.house;
  wire.label = 'around it';
  const work = await operation.prepare(counted);
  wire.label = label;
  const after = await work();
  wire.label = 'around it';
  await after?.();
}

function countOf({ statements, roundTrips, texts }: WireCost): Count {
  let flushes = 0;
  let isWithin = false;
  for (const text of texts) {
    if (text === 'BEGIN') isWithin = true;
    else if (text === 'COMMIT') {
      isWithin = false;
      flushes++;
    } else if (!isWithin && /\b(INSERT INTO|UPDATE|DELETE FROM)\b(?! OF)/.test(text)) flushes++;
  }
  return { statements, roundTrips, flushes };
}

function tableOf(few: ReadonlyMap<string, Count>, many: ReadonlyMap<string, Count>): string {
  const lines = [
    '| operation | statements | round trips | flushes | at 10,000: statements | round trips |\n',
    '|---|--:|--:|--:|--:|--:|\n',
  ];
  for (const { name } of OPERATIONS) {
    const [small, large] = [few.get(name)!, many.get(name)!];
    lines.push(
      `| ${name} | ${small.statements} | ${small.roundTrips} | ${small.flushes} | ${large.statements} | ${large.roundTrips} |\n`,
    );
  }
  return lines.join('');
}
