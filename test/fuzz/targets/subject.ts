import assert from 'node:assert/strict';
import {
  baseSubject,
  collationKey,
  decodeHeader,
  foldForSearch,
  htmlToText,
  readBaseSubject,
  readThreadIds,
  threadIds,
} from '../../../src/content/index.ts';
import { field, ids, MAIL_WORDS, subject } from '../grammar/mail.ts';
import { type Target, wire } from '../target.ts';

function checkIds(value: string): number {
  const found = threadIds(value);
  for (const id of found) {
    const at = id.lastIndexOf('@');
    assert.ok(at > 0 && at < id.length - 1, id);
  }
  return found.length;
}

/** Subjects, ids and texts as SORT, THREAD and SEARCH take them. */
export const target: Target = {
  name: 'subject',
  seeds: ['Re: [x] Fwd: [fwd: a] (fwd)', '<a@b> <"q\\"x"@c>', '<p>a&amp;b<style>x</style>'],
  words: [...MAIL_WORDS, 'Re:', 'RE[2]: ', '[x]', ' (fwd)', '[Fwd: '],
  bytesMax: 6000,
  generate: (random) =>
    wire(
      random.one(
        () => subject(random),
        () => ids(random),
        () => random.some(1, 4, () => field(random)).join(''),
      ),
    ),
  run(input) {
    const value = input.toString('latin1');
    const text = decodeHeader(value);
    const { base, isReply } = readBaseSubject(text);
    // RFC 5256 §2.1: what is left has no mark that could be taken away.
    assert.equal(baseSubject(base), base, 'the base of a base is itself');
    // RFC 5051 §2 folds case before it takes apart, so folding twice may be more than folding once.
    const folded = foldForSearch(text);
    assert.equal(foldForSearch(text.normalize('NFC')), foldForSearch(text.normalize('NFD')));
    assert.equal(collationKey(text), Buffer.from(folded).toString('latin1'));
    const html = htmlToText(text);
    assert.ok(html.length <= text.length * 2 + 10);
    const { references } = readThreadIds(input);
    assert.ok(references.length <= 200);
    return `${isReply} ${base === ''} ${Math.min(5, checkIds(value))} ${Math.min(3, references.length)}`;
  },
};
