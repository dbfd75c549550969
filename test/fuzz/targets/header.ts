import assert from 'node:assert/strict';
import {
  decodeHeader,
  formatDate,
  headerFields,
  headerLines,
  mailboxesOf,
  parseAddressList,
  parseDate,
  parseMessageId,
  parseMessageIds,
  readHeader,
  receivedField,
  returnPathField,
} from '../../../src/content/index.ts';
import { addresses, date, field, ids, MAIL_WORDS, subject } from '../grammar/mail.ts';
import { type Target, wire } from '../target.ts';

/** Names are bytes; only letters of ASCII have two cases. */
function lowerAscii(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function checkFields(head: Buffer): number {
  const names = new Set<string>();
  let count = 0;
  for (const { name, value } of headerLines(head)) {
    count++;
    names.add(name);
    assert.doesNotMatch(name, /[\x00-\x20\x7f:]/);
    assert.equal(value, value.trim());
  }
  for (const name of [...names].slice(0, 5)) assert.ok(readHeader(head, name).length > 0, name);
  const chosen = ['subject', 'from', 'x'];
  const [named, others] = [false, true].map((not) =>
    Buffer.from(headerFields(chosen, not)(head.toString('latin1')), 'latin1'),
  ) as [Buffer, Buffer];
  // Each field is in one of them; each ends with a blank line, of which the block has one itself.
  assert.ok(named.length + others.length <= head.length * 2 + 8);
  for (const { name } of headerLines(named)) assert.ok(chosen.includes(lowerAscii(name)), name);
  for (const { name } of headerLines(others)) assert.ok(!chosen.includes(lowerAscii(name)), name);
  return count;
}

function checkAddresses(value: string): number {
  const list = parseAddressList(value);
  for (const mailbox of mailboxesOf(list)) {
    assert.ok(mailbox.address.isWellFormed());
    assert.ok(mailbox.name === undefined || mailbox.name.isWellFormed());
    assert.equal(mailbox.domain === '' || mailbox.address.endsWith(`@${mailbox.domain}`), true);
  }
  return list.length;
}

function checkDate(value: string): boolean {
  const ms = parseDate(value);
  if (ms === undefined) return false;
  assert.ok(Number.isSafeInteger(ms), 'a date is a number');
  const zone = (value.length % 48) * 30 - 720;
  const written = formatDate(ms, zone);
  // What is written in a year of four digits is read again, to the second.
  if (/ \d{4} /.test(written) && new Date(ms + zone * 60_000).getUTCFullYear() >= 1900)
    assert.equal(parseDate(written), ms, written);
  return true;
}

function checkTrace(text: string): void {
  const received = receivedField({
    fromHelo: text,
    fromAddress: text.slice(0, 40),
    byHost: text,
    protocol: 'ESMTP',
    id: text,
    forAddress: text,
    dateMs: 0,
  });
  for (const written of [received, returnPathField(text)]) {
    const head = wire(`${written}\r\n`);
    assert.equal([...headerLines(head)].length, 1, 'one field, whatever is in it');
    assert.match(written, /^[^\r\n\0]+(?:\r\n\t[^\r\n\0]+)*\r\n$/);
  }
}

/** Header blocks, address lists, dates, encoded words, message ids, trace fields. */
export const target: Target = {
  name: 'header',
  seeds: ['Subject: a\r\n b\r\nFrom: c@d\r\n\r\n', 'a: x, y;', '=?utf-8?q?=C3?= =?utf-8?q?=A4?='],
  words: MAIL_WORDS,
  bytesMax: 6000,
  generate: (random) =>
    wire(
      random.one(
        () => `${random.some(1, 8, () => field(random)).join('')}\r\n`,
        () => addresses(random),
        () => subject(random),
        () => date(random),
        () => ids(random),
      ),
    ),
  run(input) {
    const value = input.toString('latin1');
    const fields = checkFields(input);
    const count = checkAddresses(value);
    const text = decodeHeader(value);
    assert.ok(text.isWellFormed());
    assert.ok(text.length <= value.length * 2 + 10);
    for (const id of parseMessageIds(value)) assert.match(id, /^<[^<>\s]*>$/);
    const id = parseMessageId(value);
    assert.ok(id === undefined || /^<.*>$/s.test(id));
    checkTrace(text.slice(0, 300));
    return `${Math.min(9, fields)} fields ${Math.min(9, count)} addresses ${checkDate(value)}`;
  },
};
