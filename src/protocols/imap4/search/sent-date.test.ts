import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDate } from '#content';
import { sentDay } from './sent-date.ts';

const day = (year: number, month: number, date: number): number => Date.UTC(year, month - 1, date);

test('the day is the one that is written, whatever its zone', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['Sun, 01 Feb 2026 23:30:00 -0800', day(2026, 2, 1)],
    ['Mon, 2 Feb 2026 00:10 +1400', day(2026, 2, 2)],
    ['31 Dec 2025 23:59:59 -1200', day(2025, 12, 31)],
    ['1 Mar 2024 00:00:00 +0100', day(2024, 3, 1)],
    ['29 Feb 2024 23:00:00 EST', day(2024, 2, 29)],
    ['(written on the 7th (or 8th)) Thu, 13 Feb 69 10:00 +0000', day(1969, 2, 13)],
    ['Sun Feb  1 01:02:03 2026', day(2026, 2, 1)],
    ['Thu, 1 Jan 2026 24:00:00 +0000', day(2026, 1, 1)],
    ['Thu, 1 Jan 2026 10:00:00 +9999', day(2026, 1, 1)],
    ['Thu, 1 Jan 2026 10:00:00 -9999', day(2026, 1, 1)],
    ['yesterday', undefined],
    ['', undefined],
  ];
  for (const [value, expected] of cases) assert.equal(sentDay(value), expected, value);
});

test('every date that is written is read back as its day', () => {
  const time = fc.integer({ min: Date.UTC(1970, 0, 10), max: Date.UTC(2100, 0, 1) });
  fc.assert(
    fc.property(time, fc.integer({ min: -5999, max: 5999 }), (ms, zoneMinutes) => {
      const shown = new Date(Math.floor(ms / 1000) * 1000 + zoneMinutes * 60_000);
      const expected = day(shown.getUTCFullYear(), shown.getUTCMonth() + 1, shown.getUTCDate());
      assert.equal(sentDay(formatDate(ms, zoneMinutes)), expected);
    }),
  );
});
