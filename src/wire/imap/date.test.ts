import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDate, formatDateTime, parseDate, parseDateTime } from './date.ts';

test('dates and times', () => {
  assert.equal(parseDate('1-Feb-1994'), Date.UTC(1994, 1, 1));
  assert.equal(parseDate('29-FEB-2024'), Date.UTC(2024, 1, 29));
  assert.equal(parseDate('01-jan-0050'), Date.parse('0050-01-01T00:00:00Z'));
  assert.equal(parseDateTime(' 7-Feb-1994 21:52:25 -0800'), Date.UTC(1994, 1, 8, 5, 52, 25));
  assert.equal(parseDateTime('17-Jul-1996 02:44:25 +0530'), Date.UTC(1996, 6, 16, 21, 14, 25));
  assert.equal(
    formatDateTime(Date.UTC(1994, 1, 8, 5, 52, 25), -480),
    '" 7-Feb-1994 21:52:25 -0800"',
  );
  assert.equal(formatDateTime(-1), '"31-Dec-1969 23:59:59 +0000"');
  assert.equal(formatDateTime(8e15), '"31-Dec-9999 23:59:59 +0000"');
  assert.equal(formatDate(Date.UTC(1994, 1, 1, 23)), '1-Feb-1994');
});

test('what is no date', () => {
  for (const text of [
    '29-Feb-2023',
    '32-Jan-2020',
    '0-Jan-2020',
    '1-Foo-2020',
    '1-Jan-20',
    '',
    '1 Jan 2020',
  ])
    assert.equal(parseDate(text), undefined, text);
  for (const text of [
    '01-Jan-2020 24:00:00 +0000',
    '01-Jan-2020 00:60:00 +0000',
    '01-Jan-2020 00:00:00 GMT',
  ])
    assert.equal(parseDateTime(text), undefined, text);
});

test('property: a written time is read back', () => {
  const seconds = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 });
  const zone = fc.integer({ min: -14 * 60, max: 14 * 60 });
  fc.assert(
    fc.property(seconds, zone, (s, zoneMinutes) => {
      const shown = s + zoneMinutes * 60;
      fc.pre(shown >= -62_167_219_200 && shown <= 253_402_300_799);
      const wire = formatDateTime(s * 1000, zoneMinutes);
      assert.equal(parseDateTime(wire.slice(1, -1)), s * 1000);
    }),
  );
});
