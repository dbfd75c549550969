/** One element of an answer: attributes are left out, an S3 answer says nothing in them. */
export interface XmlElement {
  /** Without its namespace prefix. */
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** S3's answers are three deep; deeper is not one of them. */
const DEPTH_MAX = 16;

/*
 * XML 1.0 as far as S3 uses it:
 *
 *     document = [declaration] *misc element *misc
 *     misc     = comment / processing-instruction / white-space
 *     element  = "<" Name *(S Attribute) [S] ( "/>" / ">" content "</" Name [S] ">" )
 *     content  = *( text / reference / element / comment / processing-instruction / "<![CDATA[" data "]]>" )
 *
 * A document type declaration is refused: with it entities could be declared.
 */
const TOKEN = new RegExp(
  [
    /<!--[\s\S]*?-->|<\?[\s\S]*?\?>/,
    /<!\[CDATA\[(?<data>[\s\S]*?)\]\]>/,
    /<\/(?<close>[^\s<>/]+)\s*>/,
    /<(?<open>[^\s<>/!?]+)(?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(?<empty>\/?)>/,
    /(?<text>[^<]+)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'y',
);

interface Growing {
  readonly name: string;
  readonly open: string;
  text: string;
  readonly children: XmlElement[];
}

/** Reads a document and gives its root element; undefined when it is not well-formed, so too when it is cut short. */
export function parseXml(document: string): XmlElement | undefined {
  const root: Growing = { name: '', open: '', text: '', children: [] };
  const path: Growing[] = [root];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < document.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(document)?.groups;
    if (found === undefined) return undefined;
    const top = path.at(-1)!;
    if (found['open'] !== undefined) {
      const open = found['open'];
      const name = open.slice(open.indexOf(':') + 1);
      const element: Growing = { name, open, text: '', children: [] };
      top.children.push(element);
      if (found['empty'] === '') path.push(element);
      if (path.length > DEPTH_MAX) return undefined;
    } else if (found['close'] !== undefined) {
      if (path.length === 1 || found['close'] !== top.open) return undefined;
      path.pop();
    } else if (found['data'] !== undefined) top.text += found['data'];
    else if (found['text'] !== undefined) {
      const text = dereference(found['text']);
      if (text === undefined) return undefined;
      top.text += text;
    }
  }
  const [only, ...more] = root.children;
  return path.length === 1 && more.length === 0 && root.text.trim() === '' ? only : undefined;
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function dereference(text: string): string | undefined {
  let known = true;
  const plain = text.replace(
    /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(\w+));|&/gi,
    (_, hex, dec, name) => {
      if (name !== undefined && Object.hasOwn(NAMED, name)) return NAMED[name]!;
      const code = hex === undefined ? Number(dec) : Number.parseInt(hex, 16);
      if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
      known = false;
      return '';
    },
  );
  return known ? plain : undefined;
}

/** The text of the first child of a name; empty when there is none. */
export function textOf(element: XmlElement, name: string): string {
  return element.children.find((child) => child.name === name)?.text ?? '';
}

/** Writes text so that it can stand in an element. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
