/**
 * Structured MIME header values: `type/subtype; name=value …` and `disposition; name=value …`, with the extended
 * parameters of RFC 2231. Tolerant: what is malformed is skipped, nothing throws.
 */
import { decodeCharset } from './charset.ts';
import { decodeHeader } from './encoded-word.ts';
import { lowerAscii } from './header.ts';

/**
 * One parameter as wire strings, its name in lower case. Continuations (`name*0`, `name*1`) are joined. A value that
 * carries a charset keeps its extended form under `name*` (`utf-8''%e2%82%ac`), because that is how BODYSTRUCTURE
 * must show it; {@link parameterValue} decodes both forms.
 */
export type Parameter = readonly [name: string, value: string];

/** A token with its parameters: a Content-Disposition. */
export interface Disposition {
  readonly type: string;
  readonly params: readonly Parameter[];
}

/** A parsed Content-Type, type and subtype in lower case. */
export interface MediaType {
  readonly type: string;
  readonly subtype: string;
  readonly params: readonly Parameter[];
}

const PARAMETERS_MAX = 256;
const SECTIONS_MAX = 1000;

/** token := 1*<any (US-ASCII) CHAR except SPACE, CTLs, or tspecials>   (RFC 2045 §5.1) */
const TOKEN = /[^\x00-\x20\x7f()<>@,;:\\"/[\]?=]+/y;
const NAME = /[^\x00-\x20\x7f()<>,;:\\"/[\]=]+/y;
/** After blanks in an unquoted value: another parameter whose semicolon was forgotten. */
const NEXT_PARAMETER = /[ \t\r\n]+[a-z][a-z0-9*-]*=/iy;

/** Behind blanks, line breaks and (nested) comments: CFWS of RFC 5322 §3.2.2. */
export function skipCfws(text: string, from: number): number {
  let at = from;
  let depth = 0;
  for (; at < text.length; at++) {
    const char = text[at];
    if (char === '(') depth++;
    else if (depth > 0) {
      if (char === ')') depth--;
      else if (char === '\\') at++;
    } else if (char !== ' ' && char !== '\t' && char !== '\r' && char !== '\n') break;
  }
  return Math.min(at, text.length);
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** Reads the quoted-string whose quote is at `at`; an unclosed one goes to the end. RFC 5322 §3.2.4. */
export function readQuoted(text: string, at: number): { value: string; end: number } {
  let value = '';
  let from = at + 1;
  for (let end = from; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === 0x22) return { value: value + text.slice(from, end), end: end + 1 };
    if (code === 0x5c && end + 1 < text.length) {
      value += text.slice(from, end);
      from = ++end;
    }
  }
  return { value: value + text.slice(from), end: text.length };
}

/** Reads an unquoted value: leniently up to the semicolon, since file names with blanks come without quotes. */
function readUnquoted(text: string, at: number): { value: string; end: number } {
  let end = at;
  for (; end < text.length; end++) {
    const char = text[end];
    if (char === ';') break;
    if (char !== ' ' && char !== '\t' && char !== '\n' && char !== '\r') continue;
    const behind = skipCfws(text, end);
    if (behind >= text.length || text[behind] === ';') break;
    if (match(NEXT_PARAMETER, text, end) !== '') break;
    end = behind - 1;
  }
  const value = text.slice(at, end);
  const comment = value.search(/[ \t]\(/);
  return { value: (comment < 0 ? value : value.slice(0, comment)).trim(), end };
}

/** parameter := attribute "=" value   (RFC 2045 §5.1), a list of them from `from` to the end. */
function readParameters(text: string, from: number): readonly Parameter[] {
  const params: Parameter[] = [];
  let extended = false;
  let at = from;
  while (params.length < PARAMETERS_MAX) {
    at = skipCfws(text, at);
    if (at >= text.length) break;
    const name = match(NAME, text, at);
    const equals = skipCfws(text, at + name.length);
    if (name === '' || text[equals] !== '=') {
      // Not a parameter: go on behind the next semicolon.
      const semicolon = text.indexOf(';', at);
      if (semicolon < 0) break;
      at = semicolon + 1;
      continue;
    }
    const start = skipCfws(text, equals + 1);
    const read = text[start] === '"' ? readQuoted(text, start) : readUnquoted(text, start);
    extended ||= name.includes('*');
    if (name !== '*') params.push([lowerAscii(name), read.value]);
    at = Math.max(read.end, at + name.length);
  }
  return extended ? joinContinuations(params) : params;
}

interface Section {
  readonly value: string;
  readonly extended: boolean;
}

/** Joins RFC 2231 §3 continuations; a gap in the numbering ends the value. Each value keeps its first place. */
function joinContinuations(params: readonly Parameter[]): readonly Parameter[] {
  const joined = new Map<string, Section[]>();
  for (const [name, value] of params) {
    const form = /^(.+?)\*(?:(\d{1,4})(\*)?)?$/.exec(name);
    const [, base = name, index, star] = form ?? [];
    const number = index === undefined ? 0 : Number(index);
    if (number > SECTIONS_MAX) continue;
    const extended = form !== null && (index === undefined || star === '*');
    // A plain and an extended form of one name are different parameters: RFC 6266 §4.3 lets the extended win.
    const key = form === null ? name : `${base}*`;
    const sections = joined.get(key) ?? [];
    sections[number] ??= { value, extended };
    joined.set(key, sections);
  }
  return [...joined]
    .filter(([, sections]) => sections[0] !== undefined)
    .map(([key, sections]) => joinSections(key, sections));
}

function joinSections(key: string, sections: readonly (Section | undefined)[]): Parameter {
  const whole: Section[] = [];
  for (const section of sections) {
    if (section === undefined) break;
    whole.push(section);
  }
  if (!key.endsWith('*')) return [key, whole[0]?.value ?? ''];
  if (!whole.some((section) => section.extended))
    return [key.slice(0, -1), whole.map((section) => section.value).join('')];
  const parts = whole.map((section) =>
    section.extended ? section.value : percentEncode(section.value),
  );
  const prefix = whole[0]?.extended === true ? '' : "''";
  return [key, prefix + parts.join('')];
}

function percentEncode(value: string): string {
  return value.replace(
    /[^A-Za-z0-9!#$&+.^_`{|}~-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** extended-value := [charset] "'" [language] "'" extended-other-values   (RFC 2231 §7) */
function decodeExtended(value: string): string {
  const [, charset, encoded] = /^([^']*)'[^']*'(.*)$/s.exec(value) ?? [undefined, '', value];
  const bytes = encoded!.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return decodeCharset(Buffer.from(bytes, 'latin1'), charset === '' ? undefined : charset);
}

/**
 * The value of a parameter as Unicode: RFC 2231 extended form first, else the plain one, in which encoded words are
 * decoded too (wrong by RFC 2047 §5, common in file names).
 */
export function parameterValue(params: readonly Parameter[], name: string): string | undefined {
  let plain: string | undefined;
  for (const [key, value] of params) {
    if (key === name) plain ??= value;
    else if (key.length === name.length + 1 && key.endsWith('*') && key.startsWith(name))
      return decodeExtended(value);
  }
  return plain === undefined ? undefined : decodeHeader(plain);
}

/**
 * content := "Content-Type" ":" type "/" subtype *(";" parameter)   (RFC 2045 §5.1)
 * @returns undefined when type or subtype is missing
 */
export function parseMediaType(value: string): MediaType | undefined {
  const start = skipCfws(value, 0);
  const type = match(TOKEN, value, start);
  const slash = skipCfws(value, start + type.length);
  if (type === '' || value[slash] !== '/') return undefined;
  const subStart = skipCfws(value, slash + 1);
  const subtype = match(TOKEN, value, subStart);
  if (subtype === '') return undefined;
  return {
    type: lowerAscii(type),
    subtype: lowerAscii(subtype),
    params: readParameters(value, subStart + subtype.length),
  };
}

/** disposition := "Content-Disposition" ":" disposition-type *(";" disposition-parm)   (RFC 2183 §2) */
export function parseDisposition(value: string): Disposition | undefined {
  const start = skipCfws(value, 0);
  const type = match(TOKEN, value, start);
  if (type === '') return undefined;
  return { type: lowerAscii(type), params: readParameters(value, start + type.length) };
}

/** The first token of a value, in lower case: a Content-Transfer-Encoding. Undefined when there is none. */
export function parseToken(value: string): string | undefined {
  const { start, end } = tokenSpan(value, 0);
  return start === end ? undefined : lowerAscii(value.slice(start, end));
}

/** Where the first token from `from` on stands; empty when there is none. A field's value may still be folded. */
export function tokenSpan(text: string, from: number): { start: number; end: number } {
  const start = skipCfws(text, text.length - text.slice(from).trimStart().length);
  return { start, end: start + match(TOKEN, text, start).length };
}

/** Content-Language := 1#language-tag   (RFC 3282 §2) */
export function parseLanguages(value: string): readonly string[] {
  return value
    .split(',')
    .map((tag) => parseToken(tag))
    .filter((tag) => tag !== undefined);
}
