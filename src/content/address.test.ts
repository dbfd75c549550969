import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scanAddresses } from './address.ts';
import { mailboxesOf, parseAddressList, parseMessage } from './index.ts';
import { checkEnvelope, readImapValue } from './soundness.conformance.ts';

function simple(value: string): unknown[] {
  return parseAddressList(value).map((entry) =>
    entry.kind === 'group'
      ? { [entry.name]: entry.members.map((member) => member.address) }
      : entry.name === undefined
        ? entry.address
        : [entry.name, entry.address],
  );
}

test('mailboxes', () => {
  assert.deepEqual(simple('a@b.test'), ['a@b.test']);
  assert.deepEqual(simple('"Joe Q. Public" <joe@x.test>, jdoe@one.test,, Who? <one@y.test>'), [
    ['Joe Q. Public', 'joe@x.test'],
    'jdoe@one.test',
    ['Who?', 'one@y.test'],
  ]);
  assert.deepEqual(simple('user@domain (Real (nested) Name)'), [
    ['Real (nested) Name', 'user@domain'],
  ]);
  assert.deepEqual(simple('"john doe"@x.test, "a\\"b"@x.test'), [
    '"john doe"@x.test',
    '"a\\"b"@x.test',
  ]);
  assert.deepEqual(simple('user@[192.0.2.1], <u@[IPv6:2001:db8::1]>'), [
    'user@[192.0.2.1]',
    'u@[IPv6:2001:db8::1]',
  ]);
  assert.deepEqual(simple('John Q . Smith < js @ x . test >'), [['John Q . Smith', 'js@x.test']]);
  assert.deepEqual(simple('<@a.test,@b.test:u@c.test>'), ['u@c.test']);
  assert.deepEqual(simple('=?utf-8?q?J=C3=B6rg?= <j@x.test>'), [['Jörg', 'j@x.test']]);
  assert.deepEqual(simple('J\xc3\xb6rg <\xc3\xb6@x.test>'), [['Jörg', 'ö@x.test']]);
  assert.deepEqual(simple('<>'), []);
  assert.deepEqual(simple('a@b.test\r\nc@d.test'), ['a@b.test']);
  assert.deepEqual(simple('a@b.test; c@d.test'), ['a@b.test', 'c@d.test']);
});

test('groups', () => {
  assert.deepEqual(simple('undisclosed-recipients:;'), [{ 'undisclosed-recipients': [] }]);
  assert.deepEqual(simple('g: a@b.test, C <c@d.test>;, e@f.test'), [
    { g: ['a@b.test', 'c@d.test'] },
    'e@f.test',
  ]);
  assert.deepEqual(
    mailboxesOf(parseAddressList('g: a@b, c@d; , e@f')).map((mailbox) => mailbox.local),
    ['a', 'c', 'e'],
  );
});

test('ENVELOPE: the default of Sender and Reply-To, groups, routes, raw names', () => {
  const head = [
    'Date: Sat, 01 Feb 2007 01:02:03 +0200',
    'From: user@domain (Real Name)',
    'Sender: ',
    'To: group: g1@d1.org, g2@d2.org;, group2: g3@d3.org;',
    'Cc: <@route:user@domain>',
    'Bcc: =?utf-8?q?J=C3=B6rg?= <j@x>, "q\\"x" <nobody>',
    'Subject: \xe4"\\',
    '',
    '',
  ].join('\r\n');
  const { envelope } = parseMessage(Buffer.from(head, 'latin1'));
  const from = '(("Real Name" NIL "user" "domain"))';
  assert.equal(
    envelope,
    `("Sat, 01 Feb 2007 01:02:03 +0200" {3}\r\n\xe4"\\ ${from} ${from} ${from} ` +
      '((NIL NIL "group" NIL)(NIL NIL "g1" "d1.org")(NIL NIL "g2" "d2.org")(NIL NIL NIL NIL)' +
      '(NIL NIL "group2" NIL)(NIL NIL "g3" "d3.org")(NIL NIL NIL NIL)) ' +
      '((NIL "@route" "user" "domain")) ' +
      '(("=?utf-8?q?J=C3=B6rg?=" NIL "j" "x")("q\\"x" NIL "nobody" "")) NIL NIL)',
  );
});

test('any value ends, and gives a valid ENVELOPE', () => {
  const piece = fc.constantFrom(
    'a',
    '"',
    '\\',
    '<',
    '>',
    '@',
    ',',
    ';',
    ':',
    '(',
    ')',
    '[',
    ']',
    '.',
    ' ',
    '\r\n ',
    '\xff',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const value = pieces.join('');
      parseAddressList(value);
      const { envelope } = parseMessage(Buffer.from(`To: ${value}\r\n\r\n`, 'latin1'));
      checkEnvelope(readImapValue(envelope));
    }),
    { numRuns: 2000 },
  );
});

test('long hostile values are read in linear steps', () => {
  for (const piece of ['(', '<', '"', '[', 'a ', 'a:', '@', '\\', ',', '. ']) {
    const scanned = scanAddresses(piece.repeat(100_000));
    assert.ok(scanned.length <= 10_002);
  }
});
