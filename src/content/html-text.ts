/** The readable text of HTML: for previews and search, not for display. */

/** Elements whose content is no text. */
const HIDDEN = /^(?:style|script|title)$/;
/** Elements that do not part words. */
const INLINE =
  /^(?:a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var|wbr|o:p)$/;
const TAG_NAME = /[a-z][a-z0-9:-]*/iy;
const ENTITY = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]{1,15}));?/g;

/** Named characters from U+00A0 to U+00FF, in order. */
const LATIN1 =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg ' +
  'plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 ' +
  'iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml ' +
  'Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave ' +
  'Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil ' +
  'egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ' +
  'ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';

const NAMED = new Map<string, string>([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['euro', '€'],
  ['hellip', '…'],
  ['mdash', '—'],
  ['ndash', '–'],
  ['lsquo', '‘'],
  ['rsquo', '’'],
  ['sbquo', '‚'],
  ['ldquo', '“'],
  ['rdquo', '”'],
  ['bdquo', '„'],
  ['lsaquo', '‹'],
  ['rsaquo', '›'],
  ['bull', '•'],
  ['trade', '™'],
  ['dagger', '†'],
  ['permil', '‰'],
  ['oelig', 'œ'],
  ['OElig', 'Œ'],
  ['scaron', 'š'],
  ['Scaron', 'Š'],
  ['Yuml', 'Ÿ'],
  ['ensp', ' '],
  ['emsp', ' '],
  ['thinsp', ' '],
  ['zwnj', ''],
  ['zwj', ''],
  ['lrm', ''],
  ['rlm', ''],
  ['larr', '←'],
  ['rarr', '→'],
  ['minus', '−'],
  ['prime', '′'],
]);
LATIN1.split(' ').forEach((name, index) => {
  NAMED.set(name, String.fromCharCode(0xa0 + index));
});

function codePoint(value: number): string {
  if (value === 0 || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return '\ufffd';
  return String.fromCodePoint(value);
}

/** Replaces character references: numeric ones, and the named ones in use in mail. Unknown names stay. */
function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(ENTITY, (whole, decimal?: string, hex?: string, name?: string) => {
    if (decimal !== undefined) return codePoint(Number(decimal));
    if (hex !== undefined) return codePoint(Number.parseInt(hex, 16));
    return NAMED.get(name!) ?? whole;
  });
}

/** How long a quoted attribute that holds a `>` may be: keeps unclosed quotes cheap. */
const QUOTED_CHARS_MAX = 512;

/** Behind the tag that starts at `at`; a `>` inside a quoted attribute does not end it, if the quote is closed. */
function tagEnd(html: string, at: number): number {
  let close = html.indexOf('>', at);
  if (close < 0) return html.length;
  let from = at;
  for (;;) {
    const opens = html.slice(from, close).indexOf('="');
    if (opens < 0) return close + 1;
    const value = from + opens + 2;
    const length = html.slice(value, value + QUOTED_CHARS_MAX).indexOf('"');
    if (length < 0) return close + 1;
    from = value + length + 1;
    if (from <= close) continue;
    const next = html.slice(from, from + QUOTED_CHARS_MAX).indexOf('>');
    if (next < 0) return close + 1;
    close = from + next;
  }
}

/** Finds the end of a hidden element's content; one that is never closed hides the rest. */
function hiddenEnd(html: string, name: string, from: number): number {
  const close = new RegExp(`</${name}\\b`, 'gi');
  close.lastIndex = from;
  return close.exec(html)?.index ?? html.length;
}

/** Behind a comment or declaration that starts with `<!` or `<?` at `at`. */
function markupEnd(html: string, at: number): number {
  const isComment = html.startsWith('<!--', at);
  const end = html.indexOf(isComment ? '-->' : '>', at + 2);
  return end < 0 ? html.length : end + (isComment ? 3 : 1);
}

/**
 * Strips markup: tags, comments, scripts and styles go, character references are decoded, block elements part words.
 * Linear in its input.
 * @param charsMax stop when this much text is gathered
 */
export function htmlToText(html: string, charsMax = Number.POSITIVE_INFINITY): string {
  let out = '';
  let at = 0;
  while (at < html.length && out.length < charsMax) {
    const tag = html.indexOf('<', at);
    if (tag < 0) return out + decodeEntities(html.slice(at));
    if (tag > at) out += decodeEntities(html.slice(at, tag));
    const next = html.charCodeAt(tag + 1);
    if (next === 0x21 || next === 0x3f) {
      at = markupEnd(html, tag);
      continue;
    }
    const isClosing = next === 0x2f;
    TAG_NAME.lastIndex = tag + (isClosing ? 2 : 1);
    const name = TAG_NAME.exec(html)?.[0].toLowerCase();
    if (name === undefined) {
      out += '<';
      at = tag + 1;
      continue;
    }
    at = tagEnd(html, tag);
    if (!INLINE.test(name)) out += name === 'br' || name === 'p' ? '\n' : ' ';
    if (!isClosing && HIDDEN.test(name)) at = hiddenEnd(html, name, at);
  }
  return out;
}
