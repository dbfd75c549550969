/** Random search keys for property tests. */
import fc from 'fast-check';
import type { ModSeq, SeqNum, Uid } from '#model';
import type { NumRange, NumSet, SearchKey } from '#wire';
import { NOW_MS } from './model.conformance.ts';
import { FLAG_NAMES } from './samples.conformance.ts';

const DAY_MS = 86_400_000;
const TODAY_MS = Math.floor(NOW_MS / DAY_MS) * DAY_MS;

function numSet<N extends SeqNum | Uid>(max: number): fc.Arbitrary<NumSet<N>> {
  const number = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: max + 3 }) },
    fc.constant(Number.POSITIVE_INFINITY),
  ) as fc.Arbitrary<number> as fc.Arbitrary<N>;
  const range: fc.Arbitrary<NumRange<N>> = fc.record({ first: number, last: number });
  return fc.record({
    ranges: fc.array(range, { minLength: 1, maxLength: 3 }),
    saved: fc.boolean(),
  });
}

/**
 * Keys of every kind.
 * @param words texts to look for; those of the keys are random cases of these, and pieces of them
 * @param days days that sending dates are compared with, ms since 1970
 * @param emailIds one for each message
 */
export function searchKeys(
  words: readonly string[],
  days: readonly number[],
  emailIds: readonly string[],
): fc.Arbitrary<SearchKey> {
  const word = fc
    .tuple(fc.constantFrom(...words), fc.nat(4), fc.nat(4), fc.boolean())
    .map(([text, start, end, upper]) => {
      const piece = text.slice(start, Math.max(start + 3, text.length - end));
      return upper ? piece.toUpperCase() : piece;
    });
  const text = fc.oneof({ weight: 12, arbitrary: word }, fc.constant(''));
  const day = fc.constantFrom(...days, ...[-21, -8, -1, 0, 1].map((n) => TODAY_MS + n * DAY_MS));
  const leaf: fc.Arbitrary<SearchKey> = fc.oneof(
    fc.constant<SearchKey>({ key: 'all' }),
    fc.record({
      key: fc.constant('flag' as const),
      flag: fc.constantFrom(...FLAG_NAMES, '$JUNK', 'work', '$Forwarded', 'none'),
      set: fc.boolean(),
    }),
    fc.record({ key: fc.constant('recent' as const), set: fc.boolean() }),
    fc.record({ key: fc.constant('seqs' as const), set: numSet<SeqNum>(emailIds.length) }),
    fc.record({
      key: fc.constant('uids' as const),
      set: numSet<Uid>(Math.ceil(emailIds.length * 1.3)),
    }),
    fc.record({
      key: fc.constant('field' as const),
      field: fc.constantFrom('BCC', 'CC', 'FROM', 'SUBJECT', 'TO'),
      text,
    }),
    fc.record({
      key: fc.constant('header' as const),
      name: fc.constantFrom(
        'x-tag',
        'X-Empty',
        'Received',
        'subject',
        'Content-Type',
        'Message-Id',
      ),
      text,
    }),
    fc.record({ key: fc.constantFrom('body', 'text'), text }),
    fc.record({
      key: fc.constant('date' as const),
      time: fc.constantFrom('internal', 'sent', 'saved'),
      op: fc.constantFrom('before', 'on', 'since'),
      dayMs: day,
    }),
    fc.record({ key: fc.constantFrom('larger', 'smaller'), sizeBytes: fc.nat(8000) }),
    fc.record({
      key: fc.constantFrom('older', 'younger'),
      ageSeconds: fc.integer({ min: 1, max: 40 * 86_400 }),
    }),
    fc.record({
      key: fc.constant('modseq' as const),
      modSeq: fc.nat(emailIds.length * 2) as fc.Arbitrary<number> as fc.Arbitrary<ModSeq>,
    }),
    fc.record({
      key: fc.constantFrom('email-id', 'thread-id'),
      id: fc.constantFrom('M1', ...emailIds),
    }),
  );
  return fc.letrec<{ key: SearchKey }>((tie) => ({
    key: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 3, arbitrary: leaf },
      fc.record({
        key: fc.constantFrom('and', 'or'),
        keys: fc.array(tie('key'), { minLength: 1, maxLength: 4 }),
      }),
      fc.record({ key: fc.constant('not' as const), of: tie('key') }),
    ),
  })).key;
}
