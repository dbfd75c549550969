import assert from 'node:assert/strict';
import {
  decodeTransfer,
  EnvelopeReader,
  findPart,
  isKnownEncoding,
  leafParts,
  MessageParser,
  type MessageProperties,
  type Part,
  parseMessage,
  searchableText,
  TransferDecoder,
} from '../../../src/content/index.ts';
import { checkProperties } from '../../../src/content/soundness.conformance.ts';
import { parseResponse } from '../../../src/wire/imap/index.ts';
import { entity, MAIL_WORDS } from '../grammar/mail.ts';
import { inPieces } from '../random.ts';
import { type Target, wire } from '../target.ts';

function parsedInPieces(pieces: readonly Buffer[]): MessageProperties {
  const parser = new MessageParser();
  for (const piece of pieces) parser.push(piece);
  return parser.end();
}

/** What the server renders, the client's reader reads. */
function checkReadable({ envelope, bodyStructure, body }: MessageProperties): void {
  const line = `* 1 FETCH (ENVELOPE ${envelope} BODYSTRUCTURE ${bodyStructure} BODY ${body})`;
  const read = parseResponse(wire(line), { utf8Names: false });
  assert.ok(read.kind === 'untagged' && read.data.type === 'FETCH', line);
  assert.deepEqual([...read.data.items.keys()], ['ENVELOPE', 'BODYSTRUCTURE', 'BODY']);
  const fields = read.data.items.get('ENVELOPE');
  assert.ok(Array.isArray(fields) && fields.length === 10);
}

/** Every part is found by its number. */
function checkNumbers(root: Part): void {
  const walk = (part: Part, path: readonly number[]): void => {
    if (path.length > 0) assert.equal(findPart(root, path), part, `part ${path.join('.')}`);
    if (part.type === 'multipart')
      part.children.forEach((child, index) => {
        walk(child, [...path, index + 1]);
      });
    else
      for (const child of part.children) if (child.type === 'multipart') walkEmbedded(child, path);
  };
  const walkEmbedded = (multipart: Part, path: readonly number[]): void => {
    multipart.children.forEach((child, index) => {
      walk(child, [...(path.length === 0 ? [1] : path), index + 1]);
    });
  };
  walk(root, []);
}

/** Bodies decode the same at once and as a stream. */
function checkDecoding(bytes: Buffer, root: Part): void {
  for (const part of leafParts(root)) {
    if (!isKnownEncoding(part.encoding)) continue;
    const body = bytes.subarray(part.bodyStart, part.bodyEnd);
    const decoder = new TransferDecoder(part.encoding);
    const pieces = inPieces(body).map((piece) => decoder.push(piece));
    const whole = decodeTransfer(body, part.encoding);
    assert.deepEqual(Buffer.concat([...pieces, decoder.end()]), Buffer.from(whole!), part.encoding);
  }
}

/** Messages: structure by offsets, renderings, decoding. */
export const target: Target = {
  name: 'mime',
  seeds: [
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--\r\n',
    'Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nbody',
    'From: a@b\r\nSubject: =?utf-8?q?=C3=A4?=\r\n\r\n',
  ],
  words: MAIL_WORDS,
  bytesMax: 12_000,
  generate: (random) => wire(entity(random)),
  run(input) {
    const found = parseMessage(input);
    assert.deepEqual(parsedInPieces(inPieces(input)), found, 'the same however it is cut');
    checkProperties(input, found);
    checkReadable(found);
    checkNumbers(found.structure);
    checkDecoding(input, found.structure);
    const envelope = new EnvelopeReader(found.envelope);
    // The ENVELOPE shows what it shows in few bytes, so a subject may be spelled otherwise, but never not at all.
    assert.equal(typeof envelope.subject, 'string');
    for (const name of ['from', 'to', 'cc'] as const) envelope.first(name);
    let textChars = 0;
    for (const text of searchableText(
      found.structure,
      (start, end) => input.subarray(start, end),
      true,
    ))
      textChars += text.length;
    assert.ok(textChars <= input.length * 8 + 1000, 'text is not more than a message can hold');
    const { type, encoding, children } = found.structure;
    const known = /^(text|multipart|message)$/.test(type) ? type : 'other';
    return `${known} ${isKnownEncoding(encoding)} ${Math.min(5, children.length)}`;
  },
};
