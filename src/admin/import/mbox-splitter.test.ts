import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MboxSplitter } from './mbox-splitter.ts';

const FROM = 'From alice@example.test Thu Jan  1 00:00:01 1970\n';

interface Cut {
  readonly text: string;
  readonly receivedMs: number | undefined;
}

/** Splits a text given in pieces; questions are answered from the whole text, as a file would. */
function split(text: string, pieceBytes = text.length, dated = true): readonly Cut[] {
  const splitter = new MboxSplitter({ dated });
  const cuts: { text: string; receivedMs: number | undefined }[] = [];
  let open = false;
  const advance = (): void => {
    for (;;) {
      for (const event of splitter.advance()) {
        if (event.kind === 'begin') {
          assert.equal(open, false, 'a message ends before the next begins');
          open = true;
          cuts.push({ text: '', receivedMs: event.receivedMs });
        } else if (event.kind === 'bytes') {
          assert.ok(event.bytes.length > 0 && open);
          cuts.at(-1)!.text += event.bytes.toString('latin1');
        } else {
          open = false;
        }
      }
      if (splitter.question === undefined) return;
      const rest = text.slice(splitter.question);
      const ends =
        splitter.question <= text.length &&
        text[splitter.question - 1] === '\n' &&
        /^(\r?\n){0,2}(From \S+ \w{3} \w{3}|$)/.test(rest);
      splitter.answer(ends);
    }
  };
  for (let at = 0; at < text.length; at += Math.max(1, pieceBytes)) {
    splitter.give(Buffer.from(text.slice(at, at + Math.max(1, pieceBytes)), 'latin1'));
    advance();
  }
  splitter.finish();
  advance();
  assert.equal(open, false, 'the last message has ended');
  return cuts;
}

/** What must come out, for every size of the pieces. */
function expectSplit(text: string, messages: readonly string[], dated = true): void {
  for (const size of [text.length, 1, 2, 3, 7, 16, 61])
    assert.deepEqual(
      split(text, size, dated).map((cut) => cut.text),
      messages,
      `in pieces of ${size}`,
    );
}

test('messages are cut at From_ lines; the blank line before one belongs to none', () => {
  expectSplit(`${FROM}Subject: a\n\nbody a\n\n${FROM}Subject: b\n\nbody b\n\n`, [
    'Subject: a\n\nbody a\n',
    'Subject: b\n\nbody b\n',
  ]);
  assert.deepEqual(
    split(`${FROM}Subject: a\n\nx\n\n`).map((cut) => cut.receivedMs),
    [1000],
  );
});

test('only one blank line is taken away', () => {
  expectSplit(`${FROM}S: a\n\nbody\n\n\n\n${FROM}S: b\n\n\n\n`, [
    'S: a\n\nbody\n\n\n',
    'S: b\n\n\n',
  ]);
});

test('a file may end without a blank line, without a line end, in a header, behind a From_ line', () => {
  expectSplit(`${FROM}S: a\n\nbody\n`, ['S: a\n\nbody\n']);
  expectSplit(`${FROM}S: a\n\nbody`, ['S: a\n\nbody']);
  expectSplit(`${FROM}S: a\n`, ['S: a\n']);
  expectSplit(`${FROM}S: a`, ['S: a']);
  expectSplit(`${FROM}`, ['']);
  expectSplit(FROM.trimEnd(), ['']);
  expectSplit('', []);
  expectSplit('\n\n', []);
});

test('the blank line that ends a header stays', () => {
  expectSplit(`${FROM}S: a\n\n${FROM}S: b\n\n`, ['S: a\n\n', 'S: b\n\n']);
  expectSplit(`${FROM}S: a\n${FROM}S: b\n\nx\n`, ['S: a\n', 'S: b\n\nx\n']);
});

test('CRLF files', () => {
  const from = FROM.replace('\n', '\r\n');
  expectSplit(`${from}S: a\r\n\r\nbody\r\n\r\n${from}S: b\r\n\r\n>From x\r\n\r\n`, [
    'S: a\r\n\r\nbody\r\n',
    'S: b\r\n\r\nFrom x\r\n',
  ]);
});

test('quoted lines lose one level, text that only looks so stays', () => {
  expectSplit(
    `${FROM}S: a\n\n>From here\n>>From there\n> From us\n>Fromage\na >From b\nFrom now on\n\n`,
    ['S: a\n\nFrom here\n>From there\n> From us\n>Fromage\na >From b\nFrom now on\n'],
  );
});

test('a Content-Length that is right covers separators in the body', () => {
  const body = `one\n\n${FROM}two\n`;
  expectSplit(
    `${FROM}S: a\nContent-Length: ${body.length}\n\n${body}\n${FROM}S: b\nContent-Length: 0\n\n\n${FROM}S: c\n\nc\n`,
    [
      `S: a\nContent-Length: ${body.length}\n\n${body}`,
      'S: b\nContent-Length: 0\n\n',
      'S: c\n\nc\n',
    ],
  );
});

test('a Content-Length that is wrong counts for nothing', () => {
  for (const wrong of [0, 2, 6, 1_000_000, 999_999_999_999_999])
    expectSplit(`${FROM}S: a\ncontent-length: ${wrong}\n\nbody\nmore\n\n${FROM}S: b\n\nb\n`, [
      `S: a\ncontent-length: ${wrong}\n\nbody\nmore\n`,
      'S: b\n\nb\n',
    ]);
});

test('without dates only a line behind a blank one separates', () => {
  expectSplit(
    'From alice\nS: a\n\nbody\nFrom the start\n\nFrom bob\nS: b\n\nb\n\n',
    ['S: a\n\nbody\nFrom the start\n', 'S: b\n\nb\n'],
    false,
  );
});

test('lines of any length pass in constant memory', () => {
  const long = 'x'.repeat(300_000);
  const text = `${FROM}S: ${long}\n\n${long}\n>From ${long}\n\n${FROM}S: b\n\n${long}From a Thu Jan  1 00:00:01 1970\n`;
  for (const size of [text.length, 4096, 65_536])
    assert.deepEqual(
      split(text, size).map((cut) => cut.text),
      [`S: ${long}\n\n${long}\nFrom ${long}\n`, `S: b\n\n${long}From a Thu Jan  1 00:00:01 1970\n`],
    );
});

test('whatever is quoted as mboxrd comes back, however it is cut', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '',
      'From ',
      '>From ',
      '>>From x',
      FROM.trim(),
      `>${FROM.trim()}`,
      '>',
      'Fro',
      '\r',
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 12 }).map((text) => text.replace(/\n/g, '')),
  );
  const message = fc
    .array(line, { maxLength: 8 })
    .map((lines) => `S: x\n\n${lines.map((l) => `${l}\n`).join('')}`);
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 4 }),
      fc.integer({ min: 1, max: 80 }),
      (messages, size) => {
        const text = messages.map((m) => `${FROM}${m.replace(/^(>*From )/gm, '>$1')}\n`).join('');
        assert.deepEqual(
          split(text, size).map((cut) => cut.text),
          messages,
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('a file may end within a header, even within "From "', () => {
  for (const end of ['F', 'Fr', 'From', 'From '])
    assert.deepEqual(
      split(`${FROM}A: b\n${end}`).map(({ text }) => text),
      [`A: b\n${end}`],
    );
});
