import assert from 'node:assert/strict';
import {
  CommandReader,
  formatSet,
  parseAppendLiteral,
  parseAppendNext,
  parseCommand,
  type ReaderResult,
} from '../../../src/wire/imap/index.ts';
import { readNumSet } from '../../../src/wire/imap/number-set.ts';
import { Cursor } from '../../../src/wire/imap/parser.ts';
import { command, IMAP_WORDS } from '../grammar/imap-command.ts';
import { inPieces, type Random } from '../random.ts';
import { type Target, wire } from '../target.ts';

/** Small, so that inputs reach them. */
const LIMITS = { lineBytesMax: 1500, collectedBytesMax: 1000, literalsMax: 8 };
/** What an error text may be: it goes into a response line. */
const SAYABLE = /^[\x20-\x7e]{1,2000}$/;

/** What a session makes of a stream: commands parsed, literals of messages streamed, others collected. */
class Conversation {
  readonly seen: unknown[] = [];
  outcome = 'nothing';
  readonly #reader = new CommandReader(LIMITS);
  readonly #utf8Names: boolean;
  #data: Buffer[] = [];

  constructor(utf8Names: boolean) {
    this.#utf8Names = utf8Names;
  }

  push(piece: Buffer): void {
    this.#reader.push(piece);
    const turnsMax = 4 * this.#reader.bufferedBytes + 8;
    for (let turns = 0; ; turns++) {
      assert.ok(turns <= turnsMax, 'the reader makes no progress');
      const result = this.#reader.next();
      if (result.kind === 'need-more') return;
      this.#take(result);
    }
  }

  #take(result: ReaderResult): void {
    switch (result.kind) {
      case 'data':
        assert.ok(result.bytes.length > 0, 'empty data');
        this.#data.push(result.bytes);
        break;
      case 'literal-end':
        this.seen.push(['data', Buffer.concat(this.#data)]);
        this.#data = [];
        break;
      case 'literal':
        this.#answer(result);
        break;
      case 'command':
        this.#parse(result.bytes);
        break;
      default:
        this.seen.push(result);
        this.outcome = result.kind === 'error' ? result.error : result.kind;
    }
  }

  #parse(bytes: Buffer): void {
    const options = { utf8Names: this.#utf8Names };
    const before = Buffer.from(bytes);
    const parsed = parseCommand(bytes, options);
    assert.deepEqual(bytes, before, 'parsing changed the bytes');
    const next = parseAppendNext(bytes, options, { name: 'APPEND', place: 'message', tag: 'a' });
    this.seen.push([parsed, next]);
    if (parsed.ok) {
      this.outcome = `${parsed.command.body.name} ${'uid' in parsed.command.body}`;
      checkSet(parsed.command.body);
      return;
    }
    assert.match(parsed.text, SAYABLE);
    assert.ok(
      parsed.tag === '*' || /^[^\x00-\x20"(){%*\\+\x7f-\xff]+$/.test(parsed.tag),
      parsed.tag,
    );
    this.outcome = parsed.text.replace(/found.*|\d+/gs, '').slice(0, 60);
  }

  #answer({ bytes, size }: Extract<ReaderResult, { kind: 'literal' }>): void {
    const kind = parseAppendLiteral(bytes, { utf8Names: this.#utf8Names });
    this.seen.push(['literal', size, Buffer.from(bytes), kind]);
    if (!kind.ok) {
      assert.match(kind.text, SAYABLE);
      this.#reader.refuse();
    } else if (kind.kind === 'message') this.#reader.stream();
    else this.#reader.collect();
  }
}

/** A set that was read is written and read again. */
function checkSet(body: object): void {
  if (!('set' in body)) return;
  const set = body.set as Parameters<typeof formatSet>[0];
  const cursor = new Cursor(wire(formatSet(set)));
  assert.deepEqual(readNumSet(cursor, 'a set'), set);
  assert.ok(cursor.atEnd);
}

function converse(pieces: readonly Buffer[], utf8Names: boolean): Conversation {
  const conversation = new Conversation(utf8Names);
  for (const piece of pieces) conversation.push(piece);
  return conversation;
}

/** The server's reader of commands and the parsers behind it. */
export const target: Target = {
  name: 'imap',
  seeds: [
    'a NOOP\r\n',
    'b APPEND x {3+}\r\nabc {1}\r\nx\r\n',
    'c UID SEARCH OR FROM {1+}\r\nx 1:*,$\r\n',
  ],
  words: IMAP_WORDS,
  bytesMax: 8000,
  generate: (random: Random) =>
    wire(
      random.some(1, 6, () => `${random.pick(['a', 'b1', 'C.3'])} ${command(random)}\r\n`).join(''),
    ),
  run(input) {
    const utf8Names = (input[0] ?? 0) % 2 === 0;
    const whole = converse([Buffer.from(input)], utf8Names);
    const cut = converse(inPieces(input), utf8Names);
    assert.deepEqual(cut.seen, whole.seen, 'the same however it is cut');
    return whole.outcome;
  },
};
