import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EsearchData, encodeEsearch } from './esearch-data.ts';
import { parseResponse } from './response.ts';

function read(wire: string): EsearchData {
  const response = parseResponse(Buffer.from(wire.trimEnd(), 'latin1'), { utf8Names: false });
  assert.ok(
    response.kind === 'untagged' && response.data.type === 'ESEARCH',
    JSON.stringify(response),
  );
  const { type: _type, ...data } = response.data;
  return data;
}

const range = (first: number, last = first) => ({ first: first as never, last: last as never });

test('pages, their order kept', () => {
  const partial = { range: { first: -1, last: -100 }, results: [range(5), range(3, 4), range(2)] };
  const wire = encodeEsearch({ tag: 'a' }, true, { partial });
  assert.equal(wire, '* ESEARCH (TAG "a") UID PARTIAL (-1:-100 5,3:4,2)\r\n');
  assert.deepEqual(read(wire), { tag: 'a', uid: true, partial });
  const none = { range: { first: 3, last: 9 }, results: [] };
  assert.equal(
    encodeEsearch({ tag: 'a' }, false, { partial: none }),
    '* ESEARCH (TAG "a") PARTIAL (3:9 NIL)\r\n',
  );
  assert.deepEqual(read('* ESEARCH (TAG a) PARTIAL (3:9 NIL)').partial, none);
});

test('what comes and goes', () => {
  const removeFrom = [
    { position: 4, results: [range(8), range(7)] },
    { position: 1, results: [range(2, 3)] },
  ];
  const addTo = [{ position: 0, results: [range(9, 12)] }];
  const wire = encodeEsearch({ tag: 'B1' }, false, { addTo, removeFrom });
  assert.equal(wire, '* ESEARCH (TAG "B1") REMOVEFROM (4 8,7 1 2:3) ADDTO (0 9:12)\r\n');
  assert.deepEqual(read(wire), { tag: 'B1', uid: false, addTo, removeFrom });
});

test('the mailbox it is about', () => {
  const mailbox = { name: 'a b/ö', uidValidity: 503 };
  const wire = encodeEsearch({ tag: 't', mailbox }, true, { all: [range(7)], count: 1 });
  assert.equal(
    wire,
    '* ESEARCH (TAG "t" MAILBOX "a b/&APY-" UIDVALIDITY 503) UID COUNT 1 ALL 7\r\n',
  );
  assert.deepEqual(read(wire), {
    tag: 't',
    mailbox: 'a b/ö',
    uidValidity: 503,
    uid: true,
    count: 1,
    all: [range(7)],
  });
  const utf8 = encodeEsearch({ tag: 't', mailbox }, true, { min: 3 }, true);
  assert.equal(utf8, '* ESEARCH (TAG "t" MAILBOX "a b/\xc3\xb6" UIDVALIDITY 503) UID MIN 3\r\n');
});

test('what is not known is passed over', () => {
  assert.deepEqual(read('* ESEARCH (TAG "t" X (1 2)) RELEVANCY (4 99) COUNT 2'), {
    tag: 't',
    uid: false,
    count: 2,
  });
});
