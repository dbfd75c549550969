import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readBaseSubject } from './base-subject.ts';

const CASES: readonly (readonly [subject: string, base: string, isReply: boolean])[] = [
  ['a', 'a', false],
  ['[foo] Fwd: [bar] Re: fw: b (fWd)  (fwd)', 'b', true],
  ['b (a)', 'b (a)', false],
  ['b (FWD)', 'b', true],
  ['Re: [FWD: c]', 'c', true],
  ['[fwd: c]', 'c', true],
  ['[fwd: c', '[fwd: c', false],
  ['re: [fwd: [fwd: re: [fwd: babylon]]]', 'babylon', true],
  ['[xyz]', '[xyz]', false],
  ['[a][b] [c]', '[c]', false],
  ['[list] x', 'x', false],
  ['[list] Re: [list] x', 'x', true],
  ['Re[2]: x', 'x', true],
  ['Re [2]: x', 'x', true],
  ['re : x', 'x', true],
  ['Ad: Re: x', 'Ad: Re: x', false],
  ['Fwrd: x', 'Fwrd: x', false],
  ['rex', 'rex', false],
  ['  a \t\r\n b  ', 'a b', false],
  ['re: ', '', true],
  ['(fwd)', '', true],
  ['[]', '[]', false],
  ['', '', false],
];

test('marks are removed, and noticed', () => {
  for (const [subject, base, isReply] of CASES)
    assert.deepEqual(readBaseSubject(subject), { base, isReply }, subject);
});

test('property: marks around a subject change nothing', () => {
  const marks = fc.array(fc.constantFrom('Re: ', 'fwd:', 'FW [x] :', '[blob] ', ' ', '[a][b]re:'));
  const base = fc.constantFrom('x', 'hello world', '[kept', 'a: b', 'ü');
  const trailers = fc.array(fc.constantFrom('(fwd)', ' ', '(FWD) '));
  fc.assert(
    fc.property(marks, base, trailers, (before, text, after) => {
      const subject = `${before.join('')}${text}${after.join('')}`;
      assert.equal(readBaseSubject(subject).base, text);
      assert.equal(readBaseSubject(`[fwd: ${subject}]`).base, text);
    }),
  );
});

test('a subject of nothing but marks is gone through once', () => {
  const many = 200_000;
  assert.equal(readBaseSubject(`${'[a] '.repeat(many)}x`).base, 'x');
  assert.equal(readBaseSubject(`${'re: '.repeat(many)}x${' (fwd)'.repeat(many)}`).base, 'x');
  assert.equal(readBaseSubject(`${'[fwd:'.repeat(many)}x${']'.repeat(many)}`).base, 'x');
  assert.equal(readBaseSubject('['.repeat(many)).base, '['.repeat(many));
});
