import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '..');
const QUIRKS = join(ROOT, 'test/quirks');

/** Names of the tests that play a client's part. */
function played(): readonly string[] {
  return readdirSync(QUIRKS)
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => {
      const found = readFileSync(join(QUIRKS, name), 'utf8').matchAll(/^test\(\s*(['"])(.*?)\1,/gm);
      return [...found].map(([, , title]) => title!);
    });
}

/** Rows of the tables of quirks: a test by name in the last of four columns. */
function rows(): readonly (readonly string[])[] {
  const text = readFileSync(join(ROOT, 'docs/clients.md'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| what it does |'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
    .filter(({ length }) => length === 4);
}

test('every quirk in docs/clients.md is played by a test, and every such test is told there', () => {
  const told = rows().map((row) => row[3]!);
  assert.ok(told.length > 30);
  assert.deepEqual([...told].sort(), [...played()].sort());
});
