/**
 * The collation i;unicode-casemap (RFC 5051), by which SEARCH, SORT and THREAD compare texts (RFC 5255 §4.2): every
 * character in its simple title case, then decomposed, compatibility variants too.
 */
import { encodeWire } from './charset.ts';

/** Characters in title case, `Dž` and `ᾈ` for instance: what upper-casing a string leaves alone or takes apart. */
const TITLE_CASE = /\p{Lt}/u;
const GEORGIAN = /[\u10d0-\u10ff]/u;
/** The last of the presentation forms ﬀ to ﬗ; beyond them, and among Hangul and Han, upper case is always simple. */
const IRREGULAR_MAX = 0xfb17;
const HAN_FIRST = 0x3000;
const HAN_LAST = 0xfaff;

/** Simple title case where it is not what `toUpperCase` gives; the character itself where there is none. */
function irregularTitles(): Map<string, string> {
  const titles = new Map<string, string>();
  for (let code = 0x80; code <= IRREGULAR_MAX; code++) {
    if (code === HAN_FIRST) code = HAN_LAST + 1;
    const char = String.fromCharCode(code);
    const upper = char.toUpperCase();
    if (TITLE_CASE.test(char)) {
      titles.set(char, char).set(char.toLowerCase(), char);
      if (upper.length === 1) titles.set(upper, char);
      continue;
    }
    // Georgian letters have capitals, but no title case; an upper case of several characters (ß, ŉ, ﬁ) is not a simple one.
    const isSimple = upper.length === 1 && !GEORGIAN.test(char);
    if (!isSimple && !titles.has(char)) titles.set(char, char);
  }
  return titles;
}

/** The table, made when the first text needs it. */
let casing:
  | { readonly titles: ReadonlyMap<string, string>; readonly irregular: RegExp }
  | undefined;

function titleCase(text: string): string {
  casing ??= ((titles) => ({
    titles,
    irregular: new RegExp(`[${[...titles.keys()].join('')}]`, 'g'),
  }))(irregularTitles());
  const { titles, irregular } = casing;
  let out = '';
  let from = 0;
  for (const { 0: char, index } of text.matchAll(irregular)) {
    out += text.slice(from, index).toUpperCase() + titles.get(char)!;
    from = index + 1;
  }
  return out + text.slice(from).toUpperCase();
}

/**
 * Text in the form in which it is compared (RFC 5051 §2): two texts are equal, or one contains the other, when their
 * folded forms do. Case does not count, composed and decomposed characters are equal, and so are compatibility variants.
 */
export function foldForSearch(text: string): string {
  if (!/[^\x00-\x7f]/.test(text)) return text.toUpperCase();
  return titleCase(text).normalize('NFKD');
}

/** From this length on a piece of a string may be kept as a view of the whole. */
const VIEW_CHARS_MIN = 13;

/**
 * The octets by which a text is ordered (RFC 5051 §2): folded, in UTF-8, as a wire string, so that `<` on two of them
 * compares octet by octet. It holds on to no longer string that `text` is a piece of.
 */
export function collationKey(text: string): string {
  const folded = foldForSearch(text);
  const key = encodeWire(folded);
  if (folded !== text || key !== folded || key.length < VIEW_CHARS_MIN) return key;
  return Buffer.from(key, 'latin1').toString('latin1');
}
