import { foldForSearch } from '#content';
import { Stage } from './candidate.ts';
import { type Condition, EVERY } from './condition.ts';

/** A text looked for in messages. */
export interface TextNeedle {
  /** Folded for comparison, never empty. */
  readonly folded: string;
  /** TEXT looks at the headers too: the message's own and those of its parts. */
  readonly inHeaders: boolean;
}

/**
 * BODY and TEXT. While the text of a message is gone through, each needle that turns up is noted with the candidate;
 * what has not turned up by the end is not there. Every message contains the empty text.
 *
 * @param needles takes what has to be looked for
 */
export function textKey(kind: 'body' | 'text', text: string, needles: TextNeedle[]): Condition {
  const folded = foldForSearch(text);
  if (folded === '') return EVERY;
  const needle: TextNeedle = { folded, inHeaders: kind === 'text' };
  needles.push(needle);
  return {
    stages: kind === 'text' ? [Stage.Head, Stage.Body] : [Stage.Body],
    test: (candidate) => {
      if (candidate.hasText(needle)) return true;
      if (candidate.stage === Stage.Body) return false;
      if (!needle.inHeaders || candidate.headText?.includes(folded) !== true) return undefined;
      candidate.foundText(needle);
      return true;
    },
  };
}
