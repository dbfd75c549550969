import { foldsAfter, isBlank, isBlankLine, lineAfter, lowerAscii, lowerCode } from './header.ts';

const COLON = 0x3a;

/**
 * The subset of a header that BODY[HEADER.FIELDS (…)] and BODY[HEADER.FIELDS.NOT (…)] ask for: matching fields byte
 * for byte with their folded lines, then the blank line. RFC 9051 §6.4.5.1.
 * @param not true keeps what is *not* named; lines that are no field count as not named
 * @returns what takes that from a header block; both are wire strings
 */
export function headerFields(names: readonly string[], not: boolean): (head: string) => string {
  const wanted = byFirstCode(names);
  return (head) => {
    let fields = '';
    let at = 0;
    while (at < head.length && !isBlankLine(head, at)) {
      const start = at;
      at = foldsAfter(head, lineAfter(head, start));
      if (isNamedAt(head, start, wanted) !== not) fields += head.slice(start, at);
    }
    if (fields !== '' && !fields.endsWith('\n')) fields += '\r\n';
    return fields + (at < head.length ? head.slice(at, lineAfter(head, at)) : '\r\n');
  };
}

/** The names in lower case by their first character's code: most lines are told by that alone. What can be no name is left out. */
function byFirstCode(names: readonly string[]): readonly (readonly string[] | undefined)[] {
  const byCode: string[][] = [];
  for (const name of names.map(lowerAscii)) {
    // RFC 5322 §3.6.8: neither blanks, nor controls, nor a colon.
    if (!/^[^\x00-\x20:\x7f]+$/.test(name)) continue;
    byCode[name.charCodeAt(0)] ??= [];
    byCode[name.charCodeAt(0)]!.push(name);
  }
  return byCode;
}

/** Whether a line begins with one of the names and a colon; blanks may stand between them (RFC 5322 §4.5). */
function isNamedAt(
  head: string,
  start: number,
  wanted: readonly (readonly string[] | undefined)[],
): boolean {
  const names = wanted[lowerCode(head.charCodeAt(start))];
  if (names === undefined) return false;
  for (const name of names) {
    let at = 1;
    while (at < name.length && lowerCode(head.charCodeAt(start + at)) === name.charCodeAt(at)) at++;
    if (at < name.length) continue;
    at += start;
    while (isBlank(head.charCodeAt(at))) at++;
    if (head.charCodeAt(at) === COLON) return true;
  }
  return false;
}
