import { DELIMITER } from '#model';

const INBOX = 'INBOX';

/** A pattern of LIST, made ready. */
export type Matcher = (name: string) => boolean;

/**
 * A reference and a pattern as one pattern: the reference is a prefix, unless the pattern begins at the root (RFC 9051
 * §6.3.9).
 */
export function joinPattern(reference: string, pattern: string): string {
  return pattern.startsWith(DELIMITER) ? pattern.slice(1) : reference + pattern;
}

/**
 * Matches names against a pattern: `*` is any characters, `%` any but the delimiter; INBOX as the first level matches in
 * any letter case (RFC 9051 §5.1, §6.3.9). Takes time linear in name times pattern, whatever the pattern.
 */
export function matcherOf(pattern: string): Matcher {
  const steps = pattern.replace(/[*%]*\*[*%]*/g, '*').replace(/%+/g, '%');
  if (steps === '*') return () => true;
  if (!/[*%]/.test(steps)) return (name) => sameName(name, steps);
  return (name) => matches(name, steps);
}

function sameName(name: string, literal: string): boolean {
  if (name === literal) return true;
  return isBelowInbox(name) && name.slice(5) === literal.slice(5) && isInbox(literal.slice(0, 5));
}

function isInbox(text: string): boolean {
  return text.toUpperCase() === INBOX;
}

function isBelowInbox(name: string): boolean {
  return name === INBOX || name.startsWith(INBOX + DELIMITER);
}

/** Walks the name once, with all places of the pattern where a match may stand. */
function matches(name: string, pattern: string): boolean {
  const folded = isBelowInbox(name) ? 5 : 0;
  let places = new Uint8Array(pattern.length + 1);
  reach(places, pattern, 0);
  for (let at = 0; at < name.length; at++) {
    const next = new Uint8Array(pattern.length + 1);
    const char = name[at]!;
    for (let place = 0; place < pattern.length; place++) {
      if (places[place] === 0) continue;
      const step = pattern[place]!;
      if (step === '*' || (step === '%' && char !== DELIMITER)) reach(next, pattern, place);
      else if (step === char || (at < folded && step.toUpperCase() === char))
        reach(next, pattern, place + 1);
    }
    places = next;
  }
  return places[pattern.length] === 1;
}

/** Marks a place, and those behind wildcards that match nothing. */
function reach(places: Uint8Array, pattern: string, from: number): void {
  let place = from;
  places[place] = 1;
  while (pattern[place] === '*' || pattern[place] === '%') places[++place] = 1;
}
