import assert from 'node:assert/strict';
import type { ModSeq, SeqNum, Uid } from '#model';
import {
  encodeEsearch,
  encodeList,
  encodeMailboxStatus,
  encodeSearch,
  encodeStatus,
  encodeThreads,
  encodeVanished,
  mergeRanges,
  parseResponse,
  type Response,
  ResponseReader,
  type Untagged,
} from '../../../src/wire/imap/index.ts';
import { IMAP_WORDS } from '../grammar/imap-command.ts';
import { RESPONSE_WORDS, response } from '../grammar/imap-response.ts';
import { inPieces, Random } from '../random.ts';
import { type Target, wire } from '../target.ts';

const LIMITS = { lineBytesMax: 4000, collectedBytesMax: 2000, literalsMax: 20 };

function read(pieces: readonly Buffer[], utf8Names: boolean): readonly Response[] {
  const reader = new ResponseReader({ utf8Names }, LIMITS);
  const seen: Response[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    reader.push(piece);
    bytes += piece.length;
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      seen.push(next);
      assert.ok(seen.length <= bytes, 'the reader makes no progress');
    }
  }
  return seen;
}

/** Data as a server of the house writes it; undefined for what it writes otherwise. */
function written(data: Untagged, utf8Names: boolean): string | undefined {
  switch (data.type) {
    case 'STATUS-RESPONSE':
      // What stands in the brackets is not a wire string.
      if (data.codeText !== undefined || /[\r\n\0]/.test(data.text) || data.text === '')
        return undefined;
      return encodeStatus('*', data.condition, data.text);
    case 'SEARCH':
      return [...encodeSearch(data.numbers, data.modSeq)].join('');
    case 'VANISHED':
      return encodeVanished(data.uids as readonly { first: Uid; last: Uid }[], data.earlier);
    case 'THREAD':
      return [...encodeThreads(data.forest)].join('');
    case 'ESEARCH': {
      const { tag, mailbox, uidValidity } = data;
      if (
        tag === undefined ||
        !/^[\x21-\x7e]+$/.test(tag) ||
        (mailbox === undefined) !== (uidValidity === undefined)
      )
        return undefined;
      if (data.mailbox !== undefined && !isWritable(data.mailbox)) return undefined;
      const where =
        mailbox === undefined ? undefined : { name: mailbox, uidValidity: uidValidity! };
      const correlator = where === undefined ? { tag } : { tag, mailbox: where };
      return encodeEsearch(correlator, data.uid, data, utf8Names);
    }
    default:
      return undefined;
  }
}

function isWritable(name: string): boolean {
  return name.isWellFormed() && !name.includes('\0');
}

function checkWritten(data: Untagged, utf8Names: boolean): void {
  const line = written(data, utf8Names);
  if (line === undefined) return;
  const again = parseResponse(wire(line.slice(0, -2)), { utf8Names });
  assert.equal(again.kind, 'untagged', line);
  if (again.kind === 'untagged') assert.deepEqual(normal(again.data), normal(data), line);
}

/** Without what has more than one spelling. */
function normal(data: Untagged): Untagged {
  if (data.type === 'ESEARCH') {
    const { all, ...rest } = data;
    return all === undefined || all.length === 0 ? rest : data;
  }
  return data.type === 'STATUS-RESPONSE' ? { ...data, text: data.text.trimStart() } : data;
}

/** Reads a response that the house writes from values that chance gives. */
function checkEncoders(random: Random): void {
  const utf8Names = random.oneIn(2);
  const name = random
    .some(0, 20, () => random.pick([...'aB/&-"\\%*()äé日😀 ~{}\r\n\x7f']))
    .join('');
  const canonical = name.normalize('NFC');
  const mailbox = /^inbox$/i.test(canonical) ? 'INBOX' : canonical;
  const lines = [
    encodeList(
      'LIST',
      { attributes: ['\\Noselect'], delimiter: '/', name, oldName: 'x' },
      utf8Names,
    ),
    encodeMailboxStatus(
      name,
      [
        ['MESSAGES', 3],
        ['APPENDLIMIT', null],
        ['MAILBOXID', 'M1'],
      ],
      utf8Names,
    ),
  ];
  for (const line of lines) {
    const [read0, ...more] = read([wire(line)], utf8Names);
    assert.ok(read0?.kind === 'untagged' && more.length === 0, line);
    const { data } = read0;
    assert.ok(data.type === 'LIST' || data.type === 'STATUS', line);
    assert.equal(data.mailbox, mailbox, line);
  }
  const ranges = mergeRanges(
    random.some(1, 5, () => ({
      first: random.between(1, 99) as Uid,
      last: random.between(1, 99) as Uid,
    })),
  );
  const vanished = parseResponse(wire(encodeVanished(ranges, true).slice(0, -2)), { utf8Names });
  assert.ok(vanished.kind === 'untagged' && vanished.data.type === 'VANISHED');
  assert.deepEqual(vanished.data.uids, ranges);
  const found = random.some(0, 9, () => random.between(1, 999) as SeqNum);
  const answer = [...encodeSearch(found, 7 as ModSeq)].join('');
  const search = parseResponse(wire(answer.slice(0, -2)), { utf8Names });
  assert.ok(search.kind === 'untagged' && search.data.type === 'SEARCH');
  assert.deepEqual(search.data.numbers, found);
}

/** The client's reader of responses, and reading what the server's encoders write. */
export const target: Target = {
  name: 'imap-response',
  seeds: ['* 1 FETCH (BODY[] {3}\r\nabc UID 4)\r\n', '* OK [X "]"] t\r\n', 'a OK done {3}\r\n'],
  words: [...IMAP_WORDS, ...RESPONSE_WORDS],
  bytesMax: 8000,
  generate: (random) => wire(random.some(1, 8, () => `${response(random)}\r\n`).join('')),
  run(input) {
    const utf8Names = (input[2] ?? 0) % 2 === 0;
    checkEncoders(new Random(input));
    const whole = read([Buffer.from(input)], utf8Names);
    assert.deepEqual(read(inPieces(input), utf8Names), whole, 'the same however it is cut');
    let outcome = 'nothing';
    for (const one of whole) {
      if (one.kind === 'untagged') checkWritten(one.data, utf8Names);
      outcome =
        one.kind === 'untagged'
          ? one.data.type
          : one.kind === 'invalid'
            ? one.text.replace(/found.*|\d+/gs, '').slice(0, 60)
            : one.kind;
    }
    return outcome;
  },
};
