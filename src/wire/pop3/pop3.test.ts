import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encodeMultiline,
  MultilineEncoder,
  Pop3LineReader,
  parsePop3Command,
  TopCutter,
} from './index.ts';

/** Cuts bytes into pieces at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const ends = [...at, bytes.length];
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

function lines(reader: Pop3LineReader, bytesMax = 255): string[] {
  const got: string[] = [];
  for (;;) {
    const result = reader.next(bytesMax);
    if (result.kind === 'need-more') return got;
    got.push(result.kind === 'line' ? result.text : `<${result.kind}>`);
    if (result.kind === 'unreadable') return got;
  }
}

test('lines come out the same however the bytes are cut', () => {
  const input = Buffer.from(
    `USER ann\r\nPASS p w \nLIST\r\n\r\n${'x'.repeat(254)}\r\nQUIT\r\nrest`,
  );
  const whole = ['USER ann', 'PASS p w ', 'LIST', '', '<too-long>', 'QUIT'];
  for (let at = 0; at <= input.length; at++) {
    const reader = new Pop3LineReader();
    const got: string[] = [];
    for (const piece of cut(input, [at])) {
      reader.push(piece);
      got.push(...lines(reader));
    }
    assert.deepEqual(got, whole, `cut at ${at}`);
  }
  const reader = new Pop3LineReader();
  const got = [...input].flatMap((byte) => {
    reader.push(Buffer.from([byte]));
    return lines(reader);
  });
  assert.deepEqual(got, whole);
});

test('a line may have 255 bytes with its end, and one without end is given up', () => {
  const reader = new Pop3LineReader();
  reader.push(Buffer.from(`${'x'.repeat(253)}\r\n${'x'.repeat(254)}\r\n`));
  assert.deepEqual(lines(reader), ['x'.repeat(253), '<too-long>']);
  for (let i = 0; i < 64; i++) {
    reader.push(Buffer.alloc(1024, 0x78));
    assert.deepEqual(lines(reader), []);
  }
  reader.push(Buffer.from('x'));
  assert.deepEqual(lines(reader), ['<unreadable>']);
});

test('reset forgets what was read ahead, and pushes may come ahead', () => {
  const reader = new Pop3LineReader();
  reader.push(Buffer.from('STLS\r\nUSER a'));
  assert.deepEqual(reader.next(255), { kind: 'line', text: 'STLS' });
  reader.reset();
  reader.push(Buffer.from('CA'));
  reader.push(Buffer.from('PA\r\nN'));
  assert.deepEqual(lines(reader), ['CAPA']);
});

test('commands', () => {
  const cases: [string, unknown][] = [
    ['user ann@example.test ', { name: 'USER', user: 'ann@example.test' }],
    ['USER j\u00c3\u00b6rg', { name: 'USER', user: 'jörg' }],
    ['PASS  two  spaces ', { name: 'PASS', password: ' two  spaces ' }],
    ['auth', { name: 'AUTH', mechanism: undefined, initial: undefined }],
    ['AUTH plain', { name: 'AUTH', mechanism: 'PLAIN', initial: undefined }],
    ['AUTH PLAIN =', { name: 'AUTH', mechanism: 'PLAIN', initial: '=' }],
    ['LIST', { name: 'LIST', message: undefined }],
    ['List 1', { name: 'LIST', message: 1 }],
    ['UIDL 4294967295', { name: 'UIDL', message: 4294967295 }],
    ['RETR 7 ', { name: 'RETR', message: 7 }],
    ['TOP 1 0', { name: 'TOP', message: 1, lines: 0 }],
    ['LANG', { name: 'LANG', language: undefined }],
    ['LANG *', { name: 'LANG', language: '*' }],
    ['quit', { name: 'QUIT' }],
    ['NOOP ', { name: 'NOOP' }],
  ];
  for (const [line, command] of cases) assert.deepEqual(parsePop3Command(line), command, line);
  for (const line of [
    '',
    ' ',
    'USER',
    'USER  ',
    'PASS',
    'PASS ',
    'USER \u00ff',
    'RETR',
    'RETR 0',
    'RETR -1',
    'RETR 1 2',
    'RETR 1x',
    'LIST 0',
    'LIST 1 2',
    'TOP 1',
    'TOP 0 1',
    'TOP 1 -1',
    'TOP 1 2 3',
    'RETR 99999999999',
    'AUTH PLAIN a b',
    'LANG a b',
    'QUIT now',
    'APOP ann c4c9334bac560ecc979e58001b3e22fb',
    'GET / HTTP/1.1',
    '\0',
  ])
    assert.equal(parsePop3Command(line).name, 'syntax-error', line);
});

function encode(pieces: readonly Buffer[]): string {
  const encoder = new MultilineEncoder();
  return pieces.map((piece) => encoder.push(piece).toString('latin1')).join('') + encoder.end();
}

test('multi-line responses: dots are doubled at line starts, the end is a line with one', () => {
  const cases: [string, string][] = [
    ['', '.\r\n'],
    ['.', '..\r\n.\r\n'],
    ['a\r\n', 'a\r\n.\r\n'],
    ['a', 'a\r\n.\r\n'],
    ['a\r', 'a\r\r\n.\r\n'],
    ['a\n', 'a\n\r\n.\r\n'],
    ['\r\n.\r\n', '\r\n..\r\n.\r\n'],
    ['.\r\n..\r\na.b\r\n', '..\r\n...\r\na.b\r\n.\r\n'],
    ['a\n.\nb\r\n', 'a\n..\nb\r\n.\r\n'],
    ['a\r.b\r\n', 'a\r.b\r\n.\r\n'],
  ];
  for (const [text, encoded] of cases) {
    assert.equal(encodeMultiline(text), encoded, JSON.stringify(text));
    for (let at = 0; at <= text.length; at++)
      assert.equal(
        encode(cut(Buffer.from(text), [at])),
        encoded,
        `${JSON.stringify(text)} at ${at}`,
      );
  }
});

test('a piece without dots at line starts is not copied', () => {
  const piece = Buffer.from('a.b\r\nc\r\n');
  assert.equal(new MultilineEncoder().push(piece), piece);
});

const messageBytes = fc
  .array(fc.constantFrom('.', '\r\n', '\n', '\r', 'a', '\r\n.', '\r\n\r\n'), { maxLength: 40 })
  .map((parts) => Buffer.from(parts.join('')));

test('whatever was encoded decodes to itself, cut anywhere', () => {
  fc.assert(
    fc.property(messageBytes, fc.array(fc.nat(100), { maxLength: 5 }), (bytes, places) => {
      const encoded = encode(cut(bytes, places));
      const end = encoded.indexOf('\n.\r\n');
      const body = encoded === '.\r\n' ? '' : encoded.slice(0, end + 1);
      assert.equal(encoded, `${body}.\r\n`, 'the terminator is the first lone dot');
      const decoded = body.replace(/(^|\n)\./g, '$1');
      const text = bytes.toString('latin1');
      assert.equal(encodeMultiline(text), encoded);
      assert.equal(decoded, text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`);
    }),
  );
});

/** What TOP gives, said in another way. */
function topOf(text: string, wanted: number): string {
  const all = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const blank = all.findIndex((line) => line === '\n' || line === '\r\n');
  return blank < 0 ? text : all.slice(0, blank + 1 + wanted).join('');
}

test('TOP takes the header, the blank line and n lines, cut anywhere', () => {
  fc.assert(
    fc.property(
      messageBytes,
      fc.nat(4),
      fc.array(fc.nat(100), { maxLength: 5 }),
      (bytes, wanted, places) => {
        const cutter = new TopCutter(wanted);
        const got = cut(bytes, places).map((piece) => cutter.take(piece).toString('latin1'));
        assert.equal(got.join(''), topOf(bytes.toString('latin1'), wanted));
      },
    ),
  );
  const cutter = new TopCutter(0);
  assert.equal(cutter.take(Buffer.from('A: b\r\n\r\nbody')).toString(), 'A: b\r\n\r\n');
  assert.equal(cutter.done, true);
});
