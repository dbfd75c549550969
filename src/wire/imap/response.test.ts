import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModSeq, SeqNum, Uid } from '#model';
import * as e from './encode.ts';
import * as r from './encode-response.ts';
import { encodeEsearch } from './esearch-data.ts';
import { rangesOf } from './number-set.ts';
import { parseResponse, type Response, type Untagged } from './response.ts';
import { ResponseReader } from './response-reader.ts';
import { textOf } from './value.ts';

const REV1 = { utf8Names: false };
const UTF8 = { utf8Names: true };

/** Reads what was written, byte by byte, as one response. */
function read(wire: string, options = REV1): Response {
  const reader = new ResponseReader(options);
  const found: Response[] = [];
  for (const byte of Buffer.from(wire, 'latin1')) {
    reader.push(Buffer.of(byte));
    for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next);
  }
  assert.equal(reader.bufferedBytes, 0);
  assert.equal(found.length, 1, JSON.stringify(found));
  return found[0]!;
}

function data(wire: string, options = REV1): Untagged {
  const response = read(wire, options);
  assert.ok(response.kind === 'untagged', JSON.stringify(response));
  return response.data;
}

test('strings are quoted where they can be', () => {
  assert.equal(e.encodeString('a "b" \\'), '"a \\"b\\" \\\\"');
  assert.equal(e.encodeString(''), '""');
  assert.equal(e.encodeString('a\r\nb'), '{4}\r\na\r\nb');
  assert.equal(e.encodeString(e.wireOf('ü')), '{2}\r\n\xc3\xbc');
  assert.equal(e.encodeString(e.wireOf('ü'), true), '"\xc3\xbc"');
  assert.equal(e.encodeString('\xfc', true), '{1}\r\n\xfc');
  assert.equal(e.encodeString('a\0b'), '{3}\r\na\x80b');
  assert.equal(e.encodeString('x'.repeat(1025)).slice(0, 8), '{1025}\r\n');
  assert.equal(e.encodeNstring(null), 'NIL');
  assert.equal(e.encodeAstring('nil'), '"nil"');
  assert.equal(e.encodeAstring('a]'), '"a]"');
  assert.equal(e.encodeLiteral8('\0'), '~{1}\r\n\0');
  assert.equal(e.encodeMailbox('Entwürfe', false), 'Entw&APw-rfe');
  assert.equal(e.encodeMailbox('A & B', false), '"A &- B"');
  assert.equal(e.encodeMailbox('Entwürfe', true), '"Entw\xc3\xbcrfe"');
});

test('status responses', () => {
  assert.equal(r.encodeStatus('a', 'OK', 'done'), 'a OK done\r\n');
  assert.equal(r.encodeStatus('*', 'BYE', ''), '* BYE BYE\r\n');
  assert.equal(r.encodeStatus('a', 'NO', 'x\r\n* y', 'TRYCREATE'), 'a NO [TRYCREATE] x * y\r\n');
  assert.deepEqual(read('a OK [APPENDUID 1 2:3] done {5}\r\n'), {
    kind: 'tagged',
    tag: 'a',
    condition: 'OK',
    code: 'APPENDUID',
    codeText: 'APPENDUID 1 2:3',
    text: 'done {5}',
  });
  assert.deepEqual(read('* OK hi {5}\r\n'), {
    kind: 'untagged',
    data: { type: 'STATUS-RESPONSE', condition: 'OK', text: 'hi {5}' },
    bytes: Buffer.from('* OK hi {5}'),
  });
  assert.deepEqual(read(r.encodeContinuation('go {1}')), { kind: 'continue', text: 'go {1}' });
  assert.deepEqual(read('+\r\n'), { kind: 'continue', text: '' });
});

test('response codes', () => {
  const uids = (...numbers: number[]): Uid[] => numbers as Uid[];
  assert.equal(r.responseCode.appendUid(9, uids(4, 5)), 'APPENDUID 9 4:5');
  assert.equal(r.responseCode.copyUid(9, uids(1, 2, 4), uids(7, 8, 9)), 'COPYUID 9 1:2,4 7:9');
  assert.equal(r.responseCode.modified(uids(7, 9)), 'MODIFIED 7,9');
  assert.equal(r.responseCode.permanentFlags(['\\Seen'], true), 'PERMANENTFLAGS (\\Seen \\*)');
  assert.equal(r.responseCode.mailboxId('F1'), 'MAILBOXID (F1)');
});

test('LIST and LSUB are read as they were written', () => {
  const listed = { attributes: ['\\HasChildren', '\\Sent'], delimiter: '/', name: 'Ä/"x"' };
  for (const options of [REV1, UTF8]) {
    const { utf8Names } = options;
    assert.deepEqual(data(r.encodeList('LIST', listed, utf8Names), options), {
      type: 'LIST',
      attributes: listed.attributes,
      delimiter: '/',
      mailbox: listed.name,
      extended: new Map(),
    });
  }
  const extended = {
    attributes: [],
    delimiter: undefined,
    name: 'inbox',
    childInfo: ['SUBSCRIBED'],
    oldName: 'a b',
  };
  assert.equal(
    r.encodeList('LIST', extended, true),
    '* LIST () NIL inbox ("CHILDINFO" ("SUBSCRIBED") "OLDNAME" ("a b"))\r\n',
  );
  assert.deepEqual(data(r.encodeList('LIST', extended, true), UTF8), {
    type: 'LIST',
    attributes: [],
    delimiter: null,
    mailbox: 'INBOX',
    extended: new Map([
      ['CHILDINFO', ['SUBSCRIBED']],
      ['OLDNAME', ['a b']],
    ]),
  });
});

test('STATUS, SEARCH, ESEARCH and VANISHED are read as they were written', () => {
  const status = r.encodeMailboxStatus(
    'x y',
    [
      ['MESSAGES', 3],
      ['MAILBOXID', 'F1'],
      ['APPENDLIMIT', null],
    ],
    false,
  );
  assert.equal(status, '* STATUS "x y" (MESSAGES 3 MAILBOXID (F1) APPENDLIMIT NIL)\r\n');
  assert.deepEqual(data(status), {
    type: 'STATUS',
    mailbox: 'x y',
    items: new Map<string, unknown>([
      ['MESSAGES', 3],
      ['MAILBOXID', ['F1']],
      ['APPENDLIMIT', null],
    ]),
  });
  assert.deepEqual(data([...r.encodeSearch([])].join('')), { type: 'SEARCH', numbers: [] });
  assert.deepEqual(data([...r.encodeSearch(Uint32Array.of(2, 84), 917 as ModSeq)].join('')), {
    type: 'SEARCH',
    numbers: [2, 84],
    modSeq: 917,
  });
  const all = rangesOf([1, 2, 5] as Uid[]);
  const esearch = encodeEsearch({ tag: 'a"1' }, true, {
    min: 1,
    max: 5,
    count: 3,
    all,
    modSeq: 7 as ModSeq,
  });
  assert.equal(esearch, '* ESEARCH (TAG "a\\"1") UID MIN 1 MAX 5 COUNT 3 ALL 1:2,5 MODSEQ 7\r\n');
  assert.deepEqual(data(esearch), {
    type: 'ESEARCH',
    tag: 'a"1',
    uid: true,
    min: 1,
    max: 5,
    count: 3,
    all,
    modSeq: 7,
  });
  assert.equal(
    encodeEsearch({ tag: 'a' }, false, { count: 0, all: [] }),
    '* ESEARCH (TAG "a") COUNT 0\r\n',
  );
  assert.deepEqual(data(r.encodeVanished(all, true)), {
    type: 'VANISHED',
    earlier: true,
    uids: all,
  });
  assert.deepEqual(data(r.encodeVanished(all, false)), {
    type: 'VANISHED',
    earlier: false,
    uids: all,
  });
});

test('counts, flags, capabilities, namespaces, ID', () => {
  assert.deepEqual(data(r.encodeCount(3, 'EXISTS')), { type: 'EXISTS', count: 3 });
  assert.deepEqual(data(r.encodeCount(3, 'EXPUNGE')), { type: 'EXPUNGE', seq: 3 as SeqNum });
  assert.deepEqual(data(r.encodeFlagsResponse(['\\Seen', 'k'])), {
    type: 'FLAGS',
    flags: ['\\Seen', 'k'],
  });
  assert.deepEqual(data(r.encodeCapability(['IMAP4rev2', 'IDLE'])), {
    type: 'CAPABILITY',
    capabilities: ['IMAP4rev2', 'IDLE'],
  });
  assert.equal(r.encodeEnabled([]), '* ENABLED\r\n');
  const spaces = r.encodeNamespace(
    [[{ prefix: '', delimiter: '/' }], [], [{ prefix: 'Public/', delimiter: undefined }]],
    false,
  );
  assert.equal(spaces, '* NAMESPACE (("" "/")) NIL (("Public/" NIL))\r\n');
  assert.deepEqual(data(spaces), {
    type: 'OTHER',
    name: 'NAMESPACE',
    values: [[['', '/']], null, [['Public/', null]]],
  });
  assert.equal(
    r.encodeId(
      new Map([
        ['name', 'Posthörn'],
        ['os', null],
      ]),
    ),
    '* ID ("name" {9}\r\nPosth\xc3\xb6rn "os" NIL)\r\n',
  );
});

test('FETCH is a map of items', () => {
  const wire =
    '* 12 FETCH (FLAGS (\\Seen) UID 9 BODY[HEADER.FIELDS ("a]b" DATE)]<0> {4}\r\n{1}\n' +
    ' BINARY[1] ~{2}\r\n\0) MODSEQ (7) BODY ("a" NIL ("b")("c")) ENVELOPE ("d" "NIL"))\r\n';
  const fetched = data(wire);
  assert.ok(fetched.type === 'FETCH');
  assert.equal(fetched.seq, 12);
  assert.deepEqual(
    [...fetched.items],
    [
      ['FLAGS', ['\\Seen']],
      ['UID', 9],
      ['BODY[HEADER.FIELDS ("A]B" DATE)]<0>', Buffer.from('{1}\n')],
      ['BINARY[1]', Buffer.from('\0)')],
      ['MODSEQ', [7]],
      ['BODY', ['a', null, ['b'], ['c']]],
      ['ENVELOPE', ['d', 'NIL']],
    ],
  );
  assert.equal(textOf(fetched.items.get('BODY[HEADER.FIELDS ("A]B" DATE)]<0>')), '{1}\n');
});

test('what is no response is said to be none', () => {
  for (const wire of [
    '',
    '*',
    '* ',
    'a',
    'a HELLO',
    '* 1',
    '* 1 FETCH (',
    '* 1 FETCH (A',
    '* LIST (',
    `* X ${'('.repeat(100_000)}`,
    '* OK [X',
    '* ESEARCH MIN',
  ])
    assert.equal(parseResponse(Buffer.from(wire), REV1).kind, 'invalid', wire.slice(0, 20));
});
