import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeUtf7, encodeUtf7 } from './utf7.ts';

test('names in modified UTF-7', () => {
  const pairs = [
    ['INBOX', 'INBOX'],
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['A & B', 'A &- B'],
    ['&&', '&-&-'],
    ['Entwürfe', 'Entw&APw-rfe'],
    ['😀', '&2D3eAA-'],
    ['', ''],
  ] as const;
  for (const [text, wire] of pairs) {
    assert.equal(encodeUtf7(text), wire);
    assert.equal(decodeUtf7(wire), text);
  }
});

test('what has another spelling, or none, is refused', () => {
  for (const wire of [
    '&',
    '&A',
    'A & B',
    '&AGE-',
    '&APw',
    '&APx-',
    '&APw=-',
    '&APw-&APw-',
    '&2D0-',
    'ü',
    '\n',
    '&A-',
  ])
    assert.equal(decodeUtf7(wire), undefined, wire);
});

test('property: every well-formed text comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const wire = encodeUtf7(text);
      assert.match(wire, /^[\x20-\x7e]*$/);
      assert.equal(decodeUtf7(wire), text.toWellFormed());
    }),
  );
});
