import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '..');

function citedInCode(): Set<number> {
  const cited = new Set<number>();
  for (const name of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const text = readFileSync(join(ROOT, 'src', name), 'utf8');
    for (const match of text.matchAll(/RFC (\d{3,5})\b/g)) cited.add(Number(match[1]));
  }
  return cited;
}

function rowsOfTable(): Map<number, string> {
  const rows = new Map<number, string>();
  for (const line of readFileSync(join(ROOT, 'docs/rfc.md'), 'utf8').split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    if (!/^\d{3,5}$/.test(cells[1] ?? '')) continue;
    assert.ok(!rows.has(Number(cells[1])), `RFC ${cells[1]} has one row`);
    rows.set(Number(cells[1]), cells[3] ?? '');
  }
  return rows;
}

const cited = citedInCode();
const rows = rowsOfTable();

test('every RFC cited in the code has a row in docs/rfc.md', () => {
  const missing = [...cited].filter((rfc) => !rows.has(rfc));
  assert.deepEqual(missing.sort(), []);
});

test('every RFC that docs/rfc.md calls implemented is cited in the code', () => {
  const empty = [...rows].filter(
    ([rfc, state]) => !state.startsWith('background') && !cited.has(rfc),
  );
  assert.deepEqual(
    empty.map(([rfc]) => rfc),
    [],
  );
});

test('every state is one of full, part, background', () => {
  for (const [rfc, state] of rows) assert.match(state, /^(full|part|background)\b/, `RFC ${rfc}`);
});
