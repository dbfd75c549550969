import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCommand } from './commands.ts';
import { encodeAstring, wireOf } from './encode.ts';
import { encodeQuota, encodeQuotaRoot, type QuotaData } from './quota.ts';
import { parseResponse, type Untagged } from './response.ts';

const OPTIONS = { utf8Names: true };

function body(line: string): unknown {
  const parsed = parseCommand(Buffer.from(`a ${line}`, 'latin1'), OPTIONS);
  return parsed.ok ? parsed.command.body : `${parsed.status} ${parsed.text}`;
}

function dataOf(wire: string): Untagged {
  assert.ok(wire.endsWith('\r\n'));
  const response = parseResponse(Buffer.from(wire.slice(0, -2), 'latin1'), OPTIONS);
  assert.ok(response.kind === 'untagged', JSON.stringify(response));
  return response.data;
}

test('GETQUOTA, GETQUOTAROOT, SETQUOTA', () => {
  assert.deepEqual(body('GETQUOTA "a b"'), { name: 'GETQUOTA', root: 'a b' });
  assert.deepEqual(body('getquota ""'), { name: 'GETQUOTA', root: '' });
  assert.deepEqual(body('GETQUOTAROOT inbox'), { name: 'GETQUOTAROOT', mailbox: 'INBOX' });
  assert.deepEqual(body('SETQUOTA x (storage 512 X-Foo 9223372036854775807)'), {
    name: 'SETQUOTA',
    root: 'x',
    limits: new Map([
      ['STORAGE', 512],
      ['X-FOO', Number.MAX_SAFE_INTEGER],
    ]),
  });
  assert.deepEqual(body('SETQUOTA x ()'), { name: 'SETQUOTA', root: 'x', limits: new Map() });
  assert.match(String(body('SETQUOTA x (STORAGE)')), /BAD SETQUOTA: expected a space and a limit/);
  assert.match(String(body('SETQUOTA x (STORAGE 1 storage 2)')), /BAD .*named twice/);
  assert.match(String(body('SETQUOTA x STORAGE 1')), /BAD .*"\("/);
  assert.match(String(body('GETQUOTA')), /BAD .*quota root/);
});

test('STATUS asks for DELETED-STORAGE', () => {
  assert.deepEqual(body('STATUS x (DELETED DELETED-STORAGE)'), {
    name: 'STATUS',
    mailbox: 'x',
    items: ['DELETED', 'DELETED-STORAGE'],
  });
});

test('responses stand as RFC 9208 §4.2 has them', () => {
  const resources = [
    { name: 'STORAGE', usage: 10, limit: 512 },
    { name: 'MESSAGE', usage: 1, limit: 2 },
  ];
  assert.equal(
    encodeQuota({ root: '', resources }, false),
    '* QUOTA "" (STORAGE 10 512 MESSAGE 1 2)\r\n',
  );
  assert.equal(
    encodeQuotaRoot({ mailbox: 'INBOX', roots: ['a@b.test', 'x y'] }, false),
    '* QUOTAROOT INBOX a@b.test "x y"\r\n',
  );
  assert.equal(encodeQuotaRoot({ mailbox: 'a', roots: [] }, false), '* QUOTAROOT a\r\n');
  assert.deepEqual(dataOf('* QUOTA "" ()\r\n'), { type: 'QUOTA', root: '', resources: [] });
});

const text = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .filter((value) => !value.includes('\0'));
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const name = fc.stringMatching(/^[A-Z][A-Z0-9-]{0,12}$/);

test('property: what is written is read again', () => {
  const resource = fc.record({ name, usage: count, limit: count }, { noNullPrototype: true });
  const resources = fc.array(resource, { maxLength: 8 });
  const data: fc.Arbitrary<QuotaData> = fc.record(
    { root: text, resources },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(data, fc.boolean(), (quota, utf8) => {
      assert.deepEqual(dataOf(encodeQuota(quota, utf8)), { type: 'QUOTA', ...quota });
    }),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), (roots) => {
      const expected = { type: 'QUOTAROOT', mailbox: 'x', roots };
      assert.deepEqual(dataOf(encodeQuotaRoot({ mailbox: 'x', roots }, true)), expected);
    }),
  );
  const limits = fc.uniqueArray(fc.tuple(name, count), { selector: ([key]) => key, maxLength: 8 });
  fc.assert(
    fc.property(text, limits, (root, pairs) => {
      const list = pairs.map(([key, value]) => `${key} ${value}`).join(' ');
      const command = { name: 'SETQUOTA', root, limits: new Map(pairs) };
      assert.deepEqual(body(`SETQUOTA ${encodeAstring(wireOf(root))} (${list})`), command);
    }),
  );
});
