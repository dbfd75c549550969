/** BODY and BODYSTRUCTURE. */
import { EMPTY_ENVELOPE } from './envelope.ts';
import { imapNstring, imapString } from './imap-string.ts';
import type { Disposition, Parameter } from './parameters.ts';
import { isMessageType, isMultipart, type Part } from './part.ts';

/** Stands where the grammar demands a body and there is none: an empty text. */
const EMPTY_BODY = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)';
const EMPTY_BODY_EXTENDED =
  '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)';
const DEFAULT_CHARSET: readonly Parameter[] = [['charset', 'us-ascii']];

function emptyBody(extended: boolean): string {
  return extended ? EMPTY_BODY_EXTENDED : EMPTY_BODY;
}

/** body-fld-param = "(" string SP string *(SP string SP string) ")" / nil */
function renderParams(params: readonly Parameter[]): string {
  if (params.length === 0) return 'NIL';
  let out = '';
  for (const [name, value] of params) out += ` ${imapString(name)} ${imapString(value)}`;
  return `(${out.slice(1)})`;
}

/** body-fld-dsp = "(" string SP body-fld-param ")" / nil */
function renderDisposition(disposition: Disposition | undefined): string {
  if (disposition === undefined) return 'NIL';
  return `(${imapString(disposition.type)} ${renderParams(disposition.params)})`;
}

/** body-fld-lang = nstring / "(" string *(SP string) ")" */
function renderLanguage(language: readonly string[] | undefined): string {
  if (language === undefined || language.length === 0) return 'NIL';
  if (language.length === 1) return imapString(language[0]!);
  return `(${language.map(imapString).join(' ')})`;
}

/** SP body-fld-dsp SP body-fld-lang SP body-fld-loc */
function renderCommonExtension(part: Part): string {
  const disposition = renderDisposition(part.disposition);
  return ` ${disposition} ${renderLanguage(part.language)} ${imapNstring(part.location)}`;
}

/** A text without charset shows the default of RFC 2046 §4.1.2, as clients have learned to expect. */
function shownParams(part: Part): readonly Parameter[] {
  if (part.type !== 'text' || part.params.some(([name]) => name === 'charset')) return part.params;
  return part.params.length === 0 ? DEFAULT_CHARSET : [...part.params, ...DEFAULT_CHARSET];
}

/** body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart] */
function renderMultipart(part: Part, extended: boolean): string {
  let out = '(';
  for (const child of part.children) out += render(child, extended);
  if (part.children.length === 0) out += emptyBody(extended);
  out += ` ${imapString(part.subtype)}`;
  if (extended) out += ` ${renderParams(part.params)}${renderCommonExtension(part)}`;
  return `${out})`;
}

/**
 * body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
 * body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
 */
function renderSingle(part: Part, extended: boolean): string {
  const media = `${imapString(part.type)} ${imapString(part.subtype)}`;
  const labels = `${imapNstring(part.id)} ${imapNstring(part.description)} ${imapString(part.encoding)}`;
  let out = `(${media} ${renderParams(shownParams(part))} ${labels} ${part.bodyEnd - part.bodyStart}`;
  if (isMessageType(part.type, part.subtype)) {
    // An encoded message, or one nested too deeply, is opaque, but the grammar wants an envelope and a body.
    const [root] = part.children;
    const body = root === undefined ? emptyBody(extended) : render(root, extended);
    out += ` ${part.envelope ?? EMPTY_ENVELOPE} ${body} ${part.lines}`;
  } else if (part.type === 'text') out += ` ${part.lines}`;
  if (extended) out += ` ${imapNstring(part.md5)}${renderCommonExtension(part)}`;
  return `${out})`;
}

function render(part: Part, extended: boolean): string {
  return isMultipart(part) ? renderMultipart(part, extended) : renderSingle(part, extended);
}

/**
 * Renders a structure: RFC 9051 §7.5.2 and §9 (`body`).
 * @param extended true for BODYSTRUCTURE, false for BODY
 * @returns a wire string with its parentheses; always valid syntax
 */
export function renderBody(root: Part, extended: boolean): string {
  return render(root, extended);
}
