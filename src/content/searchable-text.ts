/** The text of a message for SEARCH: headers and text parts, decoded. */
import { decodeCharset } from './charset.ts';
import { decodeHeader } from './encoded-word.ts';
import { headerLines } from './header.ts';
import { htmlToText } from './html-text.ts';
import { parameterValue } from './parameters.ts';
import { isMessageType, isMultipart, type Part } from './part.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/** Gives bytes [start, end) of the message. */
export type RangeReader = (start: number, end: number) => Uint8Array;

/** A header block as Unicode, one decoded field a line: what SEARCH TEXT and HEADER look at. RFC 9051 §6.4.4. */
export function searchableHeader(head: Uint8Array): string {
  let out = '';
  for (const { name, value } of headerLines(head)) out += `${name}: ${decodeHeader(value)}\n`;
  return out;
}

function textOf(part: Part, bytes: Uint8Array): string {
  const content = decodeTransfer(bytes, part.encoding) ?? bytes;
  const text = decodeCharset(content, parameterValue(part.params, 'charset'));
  return part.subtype === 'html' ? htmlToText(text) : text;
}

/**
 * Text parts decoded to Unicode, in order, those of embedded messages included: what SEARCH BODY looks at.
 * @param read gives byte ranges of the message the structure is of; one text part is held at a time
 * @param withHeaders true yields the headers of the message and of all parts too, for SEARCH TEXT
 */
export function* searchableText(
  structure: Part,
  read: RangeReader,
  withHeaders = false,
): Generator<string> {
  if (withHeaders && structure.bodyStart > structure.headStart)
    yield searchableHeader(read(structure.headStart, structure.bodyStart));
  if (structure.type === 'text')
    yield textOf(structure, read(structure.bodyStart, structure.bodyEnd));
  else if (isMultipart(structure)) {
    for (const child of structure.children) yield* searchableText(child, read, withHeaders);
  } else if (isMessageType(structure.type, structure.subtype)) {
    for (const child of structure.children) yield* embeddedText(child, read, withHeaders);
  }
}

/** The header of an embedded message belongs to the body of the message around it. */
function* embeddedText(root: Part, read: RangeReader, withHeaders: boolean): Generator<string> {
  if (!withHeaders && root.bodyStart > root.headStart)
    yield searchableHeader(read(root.headStart, root.bodyStart));
  yield* searchableText(root, read, withHeaders);
}
