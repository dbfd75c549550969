import assert from 'node:assert/strict';
import { decodeUtf7, encodeUtf7 } from '../../../src/wire/imap/index.ts';
import type { Random } from '../random.ts';
import { type Target, wire } from '../target.ts';

function name(random: Random): string {
  const text = random.some(0, 20, () => random.pick([...'ab/&-~ äé日本😀\u0301\0\t"\\'])).join('');
  return encodeUtf7(text);
}

/** Modified UTF-7: there is one spelling of each text, and it is read as that text. */
export const target: Target = {
  name: 'utf7',
  seeds: ['&AOQ-', '&-', 'a&AGE-', '&2D3eAA-', '&AOQ-&AOQ-'],
  words: [
    '&',
    '-',
    '&-',
    '&AOQ-',
    '&AGE-',
    '&2D0-',
    '&3gA-',
    'AOQ',
    ',',
    '/',
    '=',
    '&AAA-',
    '&,,8-',
  ],
  bytesMax: 2000,
  generate: (random) => wire(name(random)),
  run(input) {
    const spelled = input.toString('latin1');
    const text = decodeUtf7(spelled);
    if (text !== undefined) assert.equal(encodeUtf7(text), spelled, 'there is one spelling');
    // Any text, lone surrogates included.
    const any = Buffer.from(input.subarray(0, input.length & ~1)).toString('utf16le');
    const written = encodeUtf7(any);
    assert.match(written, /^[\x20-\x7e]*$/);
    assert.equal(decodeUtf7(written), any.toWellFormed());
    return text === undefined ? 'none' : text === spelled ? 'plain' : 'shifted';
  },
};
