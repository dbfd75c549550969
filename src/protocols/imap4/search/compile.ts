import { assertNever } from '#kernel';
import type { ModSeq, SeqNum } from '#model';
import type { StateBounds } from '#store';
import { type Ranges, rangesInclude, type SearchKey } from '#wire';
import { mentions, modSeqBound, seqBounds } from './bounds.ts';
import { Stage } from './candidate.ts';
import { allOf, anyOf, type Condition, EVERY, NONE, noneOf } from './condition.ts';
import { fieldKey, headerKey } from './header-keys.ts';
import { type SearchScope, seqsOfSeqSet, seqsOfUidSet } from './scope.ts';
import { sentDateKey } from './sent-date.ts';
import { stateBounds } from './state-bounds.ts';
import { ageKey, emailIdKey, flagKey, modSeqKey, sizeKey, storedDateKey } from './state-keys.ts';
import { type TextNeedle, textKey } from './text-keys.ts';

/** A search made ready to run. */
export interface Plan {
  readonly condition: Condition;
  /** What has to be read, beyond a message's place in the view; ascending. */
  readonly stages: readonly Stage[];
  /** Only these messages can match. */
  readonly bounds: Ranges<SeqNum>;
  /** Only messages with a higher mod-sequence can match. */
  readonly changedSince: ModSeq;
  /** Only messages with these flags and internal dates can match; undefined where all may. */
  readonly within: StateBounds | undefined;
  /** The result tells the highest mod-sequence of what was found (RFC 7162 §3.1.5). */
  readonly reportsModSeq: boolean;
  /** The hashes of contents are read at the Index stage. */
  readonly readsHash: boolean;
  /** What has to be looked for in the text of messages. */
  readonly needles: readonly TextNeedle[];
}

/** Makes a plan of a search: what is decided by numbers alone is resolved here, once. */
export function compileSearch(key: SearchKey, scope: SearchScope): Plan {
  const needles: TextNeedle[] = [];
  const condition = conditionOf(key, scope, needles);
  // With a MODSEQ key the result tells the highest one (RFC 7162 §3.1.5).
  const reportsModSeq = mentions(key, 'modseq');
  const stages = new Set(condition.stages);
  stages.delete(Stage.Place);
  // Sizes bound how much is read at once, so a message's row comes before its content.
  if (stages.size > 0 || reportsModSeq) stages.add(Stage.State);
  return {
    condition,
    stages: [...stages].sort((a, b) => a - b),
    bounds: seqBounds(key, scope),
    changedSince: modSeqBound(key),
    within: stateBounds(key, scope.nowMs),
    reportsModSeq,
    readsHash: mentions(key, 'email-id'),
    needles,
  };
}

function conditionOf(key: SearchKey, scope: SearchScope, needles: TextNeedle[]): Condition {
  const operands = (keys: readonly SearchKey[]): readonly Condition[] =>
    keys.map((operand) => conditionOf(operand, scope, needles));
  switch (key.key) {
    case 'all':
    case 'save-date-supported':
      return EVERY;
    case 'and':
      return allOf(operands(key.keys));
    case 'or':
      return anyOf(operands(key.keys));
    case 'not':
      return noneOf(conditionOf(key.of, scope, needles));
    case 'seqs':
      return placeKey(seqsOfSeqSet(scope, key.set));
    case 'uids':
      return placeKey(seqsOfUidSet(scope, key.set));
    case 'recent':
      return { stages: [Stage.Place], test: ({ uid }) => scope.isRecent(uid) === key.set };
    case 'flag':
      return flagKey(key);
    case 'field':
      return fieldKey(key.field, key.text);
    case 'header':
      return headerKey(key.name, key.text);
    case 'body':
    case 'text':
      return textKey(key.key, key.text, needles);
    case 'date':
      return key.time === 'sent' ? sentDateKey(key) : storedDateKey(key);
    case 'larger':
    case 'smaller':
      return sizeKey(key);
    case 'older':
    case 'younger':
      return ageKey(key, scope.nowMs);
    case 'modseq':
      return modSeqKey(key);
    case 'email-id':
      return emailIdKey(key);
    case 'thread-id':
      // No message has a thread id: FETCH THREADID answers NIL (RFC 8474 §5.2).
      return NONE;
    default:
      return assertNever(key);
  }
}

function placeKey(seqs: Ranges<SeqNum>): Condition {
  return { stages: [Stage.Place], test: ({ seq }) => rangesInclude(seqs, seq) };
}
