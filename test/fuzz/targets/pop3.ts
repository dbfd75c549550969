import assert from 'node:assert/strict';
import {
  MultilineEncoder,
  Pop3LineReader,
  type Pop3LineResult,
  parsePop3Command,
  TopCutter,
} from '../../../src/wire/pop3/index.ts';
import { mailData, SMTP_WORDS } from '../grammar/smtp.ts';
import { inPieces, type Random } from '../random.ts';
import { type Target, wire } from '../target.ts';

function command(random: Random): string {
  const number = (): string =>
    random.pick(['1', '2', '0', '9999999999', '99999999999', '-1', 'x', '01']);
  return random.one(
    () =>
      `${random.pick(['RETR', 'DELE', 'LIST', 'UIDL', 'retr'])}${random.maybe(() => ` ${number()}`)}`,
    () => `TOP ${number()} ${number()}`,
    () =>
      `${random.pick(['USER', 'PASS'])} ${random.pick(['a@b.test', 'two words', '', '\xc3\xbc', '\xff', ' x '])}`,
    () => `AUTH${random.pick(['', ' PLAIN', ' PLAIN =', ' SCRAM-SHA-256 biws', ' a b c'])}`,
    () =>
      random.pick([
        'STAT',
        'NOOP',
        'RSET',
        'QUIT',
        'CAPA',
        'STLS',
        'UTF8',
        'LANG *',
        'LANG de en',
        'XTND',
        '',
        'STAT 1',
      ]),
  );
}

const LINE_BYTES_MAX = 255;

function linesIn(pieces: readonly Buffer[]): readonly Pop3LineResult[] {
  const reader = new Pop3LineReader();
  const lines: Pop3LineResult[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let line = reader.next(LINE_BYTES_MAX); line.kind !== 'need-more'; ) {
      lines.push(line);
      if (line.kind === 'unreadable') return lines;
      line = reader.next(LINE_BYTES_MAX);
    }
  }
  return lines;
}

/** What a client undoes: it reads lines that end with CRLF, up to one with a dot. */
function checkMultiline(message: string): void {
  const encoder = new MultilineEncoder();
  const sent =
    inPieces(wire(message))
      .map((piece) => encoder.push(piece).toString('latin1'))
      .join('') + encoder.end();
  const end = `\r\n${sent}`.indexOf('\r\n.\r\n');
  assert.equal(end + 3, sent.length, 'the end of the answer is at its end');
  assert.ok(!`\n${sent.slice(0, -3)}`.includes('\n.\n'), 'nothing else looks like it');
  const got = sent.slice(0, end).replace(/(^|\n)\./g, '$1');
  assert.equal(got, message.endsWith('\r\n') || message === '' ? message : `${message}\r\n`);
}

function checkTop(message: string, lines: number): void {
  const cut = (pieces: readonly Buffer[]): string => {
    const cutter = new TopCutter(lines);
    return pieces.map((piece) => cutter.take(piece).toString('latin1')).join('');
  };
  const whole = cut([wire(message)]);
  assert.ok(message.startsWith(whole));
  assert.equal(cut(inPieces(wire(message))), whole);
  assert.equal(whole, expectedTop(message, lines));
}

/** The header with its blank line, and so many lines of the body. */
function expectedTop(message: string, lines: number): string {
  const all = message.split(/(?<=\n)/);
  const blank = all.findIndex((line) => line === '\n' || line === '\r\n');
  if (blank < 0) return message;
  return all.slice(0, blank + 1 + lines).join('');
}

/** Command lines and multi-line answers of POP3. */
export const target: Target = {
  name: 'pop3',
  seeds: ['USER a\r\nPASS b\r\nRETR 1\r\n', 'a: b\r\n\r\n.x\r\n'],
  words: [...SMTP_WORDS, 'RETR ', 'TOP 1 ', 'AUTH '],
  bytesMax: 4000,
  generate: (random) =>
    wire(
      random.oneIn(2)
        ? random.some(1, 6, () => `${command(random)}\r\n`).join('')
        : `${random.pick(['A: b\r\n\r\n', '\n', '\r\n', 'A: b\n\r\r\n'])}${mailData(random)}`,
    ),
  run(input) {
    const lines = linesIn([input]);
    assert.deepEqual(linesIn(inPieces(input)), lines, 'the same lines however it is cut');
    const message = input.toString('latin1');
    checkMultiline(message);
    checkTop(message, input.length % 5);
    let outcome = 'nothing';
    for (const line of lines) {
      outcome = line.kind;
      if (line.kind !== 'line') continue;
      const parsed = parsePop3Command(line.text);
      outcome =
        parsed.name === 'syntax-error'
          ? parsed.text
          : `${parsed.name} ${Object.keys(parsed).length}`;
    }
    return outcome;
  },
};
