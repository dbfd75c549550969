import { foldForSearch, type Part, searchableHeader, searchableText } from '#content';
import type { Candidate } from './candidate.ts';
import { longText, WHOLE_BYTES_MAX } from './long-text.ts';
import type { Slices } from './slices.ts';
import type { TextNeedle } from './text-keys.ts';

/** Gives bytes [start, end) of a message; undefined when it is gone. At once where they are in memory. */
export type ByteSource = (
  start: number,
  end: number,
) => Uint8Array | undefined | Promise<Buffer | undefined>;

/** One stretch of text in a message. */
type Stretch =
  | { readonly kind: 'header'; readonly start: number; readonly end: number }
  | { readonly kind: 'text'; readonly part: Part };

export interface TextScan {
  readonly structure: Part;
  readonly source: ByteSource;
  readonly needles: readonly TextNeedle[];
  readonly slices: Slices;
  /** Whether what was found so far settles the search for this message. */
  settled(): boolean;
}

/**
 * Goes through the text of a message once, whatever the number of needles, and notes with the candidate those that
 * turn up. One stretch is held in memory at a time; long ones are read in ranges.
 *
 * @returns false when the message vanished meanwhile
 */
export async function scanText(candidate: Candidate, scan: TextScan): Promise<boolean> {
  const { structure, source, needles, slices } = scan;
  const longest = needles.reduce((max, { folded }) => Math.max(max, folded.length), 0);
  const found = (folded: string, headersOnly: boolean): boolean => {
    let any = false;
    for (const needle of needles) {
      if (headersOnly && !needle.inHeaders) continue;
      if (candidate.hasText(needle) || !folded.includes(needle.folded)) continue;
      candidate.foundText(needle);
      any = true;
    }
    return any && scan.settled();
  };
  const withHeaders = needles.some((needle) => needle.inHeaders);
  for (const [stretch, headersOnly] of stretchesOf(structure, withHeaders)) {
    const { start, end } = extentOf(stretch);
    if (stretch.kind === 'text' && end - start > WHOLE_BYTES_MAX) {
      for await (const folded of longText(stretch.part, source, longest)) {
        if (found(folded, headersOnly)) return true;
        await slices.spend(folded.length);
      }
      continue;
    }
    const got = source(start, end);
    const bytes = got instanceof Promise ? await got : got;
    if (bytes === undefined) return false;
    if (found(foldForSearch(textIn(stretch, bytes)), headersOnly)) return true;
    const turn = slices.spend(bytes.length);
    if (turn !== undefined) await turn;
  }
  return true;
}

function extentOf(stretch: Stretch): { readonly start: number; readonly end: number } {
  if (stretch.kind === 'header') return stretch;
  return { start: stretch.part.bodyStart, end: stretch.part.bodyEnd };
}

function textIn(stretch: Stretch, bytes: Uint8Array): string {
  if (stretch.kind === 'header') return searchableHeader(bytes);
  let text = '';
  for (const piece of searchableText(stretch.part, () => bytes)) text += piece;
  return text;
}

/**
 * What BODY and TEXT look at, in order: text parts, those of embedded messages and the headers of these included; for
 * TEXT also the MIME headers of parts, which come with `true`. The header of the message itself is not among them: the
 * Head stage has seen it.
 */
function* stretchesOf(part: Part, withHeaders: boolean): Generator<readonly [Stretch, boolean]> {
  if (part.type === 'text') yield [{ kind: 'text', part }, false];
  else {
    const isMessage = part.type !== 'multipart';
    for (const child of part.children) {
      const { headStart: start, bodyStart: end } = child;
      if (end > start && (isMessage || withHeaders))
        yield [{ kind: 'header', start, end }, !isMessage];
      yield* stretchesOf(child, withHeaders);
    }
  }
}
