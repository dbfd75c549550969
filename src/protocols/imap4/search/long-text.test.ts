import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldForSearch, type Part, parseMessage, searchableText } from '#content';
import { longText, WHOLE_BYTES_MAX } from './long-text.ts';

const LINE = 'Zeile Nr. # mit Übergröße, “quotes” und mehr';

/** Numbered lines, more than a few ranges of them. */
function lines(count: number, separator: string, line = LINE): string {
  return Array.from({ length: count }, (_, n) => line.replace('#', `${n}`)).join(separator);
}

function messageOf(type: string, encoding: string, body: Buffer): Buffer {
  const head = `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

function base64Lines(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('base64').replace(/.{76}/g, '$&\r\n'));
}

function quotedPrintable(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const escaped = (char: string): string => {
    return `=${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  };
  return Buffer.from(
    text.replace(/[=\x80-\xff]/g, escaped).replace(/[^\r\n]{20}(?!=)/g, '$&=\r\n'),
  );
}

async function piecesOf(message: Buffer, part: Part, needleChars: number): Promise<string[]> {
  const pieces: string[] = [];
  const source = (start: number, end: number): Buffer => message.subarray(start, end);
  for await (const piece of longText(part, source, needleChars)) pieces.push(piece);
  return pieces;
}

/** Everything that stands in the whole text must stand in a piece, wherever the ranges were cut. */
async function compare(message: Buffer): Promise<void> {
  const part = parseMessage(message).structure;
  assert.ok(part.bodyEnd - part.bodyStart > WHOLE_BYTES_MAX);
  const whole = foldForSearch(
    [...searchableText(part, (start, end) => message.subarray(start, end))].join(''),
  );
  const needleChars = 30;
  const pieces = await piecesOf(message, part, needleChars);
  assert.ok(pieces.length > 1);
  assert.ok(pieces.every((piece) => piece.length < 1.5 * 1024 * 1024));
  const [first, ...rest] = pieces;
  const joined = first! + rest.map((piece) => piece.slice(needleChars - 1)).join('');
  assert.ok(joined === whole, 'the pieces make the whole');
  rest.forEach((piece, index) => {
    const before = pieces[index]!;
    assert.equal(piece.slice(0, needleChars - 1), before.slice(-(needleChars - 1)));
  });
}

test('plain text in pieces is the whole text: encodings and charsets', async () => {
  const text = lines(20_000, '\r\n');
  const utf8 = Buffer.from(text);
  const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
  await compare(messageOf('text/plain; charset=utf-8', '8bit', utf8));
  await compare(messageOf('text/plain; charset=utf-8', 'base64', base64Lines(utf8)));
  await compare(messageOf('text/plain; charset=utf-8', 'quoted-printable', quotedPrintable(utf8)));
  await compare(messageOf('text/plain', '8bit', utf8));
  await compare(messageOf('text/plain; charset=utf-16', 'base64', base64Lines(utf16)));
  await compare(messageOf('text/plain; charset=utf-16le', 'base64', base64Lines(utf16)));
  await compare(messageOf('text/plain; charset=utf-8', 'x-unknown', utf8));
});

test('text without line breaks is cut at blanks', async () => {
  const text = lines(20_000, ' ');
  await compare(messageOf('text/plain; charset=utf-8', 'base64', base64Lines(Buffer.from(text))));
});

test('HTML in pieces is the whole text', async () => {
  const row = '<tr class="a"><td>Zeile&nbsp;# <b>f&uuml;r</b> alle</td></tr>';
  const script = `<script>${'if (a > b) hidden();\n'.repeat(9000)}</script>`;
  const comment = `<!-- ${'> not shown\n'.repeat(9000)} -->`;
  const html = [lines(3000, '\r\n', row), script, lines(3000, '', row), comment, '<p>end</p>'];
  const bytes = Buffer.from(html.join('\r\n'));
  await compare(messageOf('text/html; charset=utf-8', '8bit', bytes));
  await compare(messageOf('text/html; charset=utf-8', 'base64', base64Lines(bytes)));
});

test('hostile markup is held within bounds', async () => {
  for (const body of [
    '<script>'.repeat(700_000),
    '<!--'.repeat(1_000_000),
    '<'.repeat(4_000_000),
  ]) {
    const message = messageOf('text/html', '8bit', Buffer.from(body));
    const pieces = await piecesOf(message, parseMessage(message).structure, 5);
    assert.ok(pieces.length > 1);
  }
});

test('a source that runs dry ends the text', async () => {
  const message = messageOf('text/plain', '8bit', Buffer.from(lines(20_000, '\n')));
  const part = parseMessage(message).structure;
  let reads = 0;
  const source = (start: number, end: number): Buffer | undefined =>
    ++reads > 2 ? undefined : message.subarray(start, end);
  let pieces = 0;
  for await (const _piece of longText(part, source, 3)) pieces++;
  assert.equal(pieces, 2);
});
