/** What must hold for the properties of any message, however broken: shared by the tests of this room. */
import assert from 'node:assert/strict';
import { decodeStructure, encodeStructure, type MessageProperties, type Part } from './index.ts';

/** A value of the IMAP grammar: string, number, NIL or list. */
export type ImapValue = string | number | null | readonly ImapValue[];

/** Reads strings, literals, numbers, NIL and lists as RFC 9051 §9 writes them, and nothing else; throws otherwise. */
export function readImapValue(wire: string): ImapValue {
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(wire)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const value = (): ImapValue => {
    if (match(/NIL/y) !== undefined) return null;
    const digits = match(/\d+/y);
    if (digits !== undefined) return Number(digits);
    const quoted = match(/"(?:[\x01-\x09\x0b\x0c\x0e-!#-[\]-\x7f]|\\["\\])*"/y);
    if (quoted !== undefined) return quoted.slice(1, -1).replace(/\\(.)/g, '$1');
    const literal = match(/\{\d+\}\r\n/y);
    if (literal !== undefined) {
      const text = wire.slice(at, at + Number.parseInt(literal.slice(1), 10));
      at += text.length;
      assert.equal(text.length, Number.parseInt(literal.slice(1), 10), 'literal length');
      assert.ok(/^[\x01-\xff]*$/.test(text), 'NUL or wide character in a literal');
      return text;
    }
    assert.equal(match(/\(/y), '(', `no value at ${at} of ${wire}`);
    const list: ImapValue[] = [];
    while (match(/\)/y) === undefined) {
      // Only addresses and the bodies of a multipart follow each other without a space.
      const previous = list.at(-1);
      if (list.length > 0 && !(Array.isArray(previous) && wire[at] === '('))
        assert.equal(match(/ /y), ' ', `no space at ${at} of ${wire}`);
      list.push(value());
    }
    return list;
  };
  const whole = value();
  assert.equal(at, wire.length, `more behind the value in ${wire}`);
  return whole;
}

function asList(value: ImapValue | undefined): readonly ImapValue[] {
  assert.ok(Array.isArray(value), `${JSON.stringify(value)} is no list`);
  return value as readonly ImapValue[];
}

function isString(value: ImapValue | undefined): void {
  assert.equal(typeof value, 'string');
}

function isNstring(value: ImapValue | undefined): void {
  if (value !== null) isString(value);
}

function isNumber(value: ImapValue | undefined): void {
  assert.equal(typeof value, 'number');
}

/** address list: each (name adl mailbox host), groups bracketed by null hosts */
function checkAddresses(value: ImapValue | undefined): void {
  if (value === null) return;
  const list = asList(value);
  assert.ok(list.length > 0);
  let inGroup = false;
  for (const entry of list) {
    const address = asList(entry);
    assert.equal(address.length, 4);
    address.forEach(isNstring);
    if (address[3] !== null) {
      isString(address[2]);
      continue;
    }
    assert.equal(inGroup, address[2] === null, 'groups open and close in turn');
    inGroup = !inGroup;
  }
  assert.ok(!inGroup, 'the group is closed');
}

/** Asserts the syntax of an ENVELOPE. */
export function checkEnvelope(value: ImapValue | undefined): void {
  const fields = asList(value);
  assert.equal(fields.length, 10);
  for (const index of [0, 1, 8, 9]) isNstring(fields[index]);
  for (const index of [2, 3, 4, 5, 6, 7]) checkAddresses(fields[index]);
}

function checkParams(value: ImapValue | undefined): void {
  if (value === null) return;
  const list = asList(value);
  assert.ok(list.length > 0 && list.length % 2 === 0);
  list.forEach(isString);
}

/** SP body-fld-dsp SP body-fld-lang SP body-fld-loc */
function checkExtension(rest: readonly ImapValue[]): void {
  assert.equal(rest.length, 3);
  if (rest[0] !== null) {
    const disposition = asList(rest[0]);
    assert.equal(disposition.length, 2);
    isString(disposition[0]);
    checkParams(disposition[1]);
  }
  if (Array.isArray(rest[1])) rest[1].forEach(isString);
  else isNstring(rest[1]);
  isNstring(rest[2]);
}

/** Asserts the syntax of BODY or BODYSTRUCTURE: `body` of RFC 9051 §9. */
export function checkBody(value: ImapValue | undefined, extended: boolean): void {
  const fields = asList(value);
  const bodies = fields.findIndex((field) => !Array.isArray(field));
  if (bodies > 0) {
    for (const body of fields.slice(0, bodies)) checkBody(body, extended);
    isString(fields[bodies]);
    if (!extended) assert.equal(fields.length, bodies + 1);
    else {
      checkParams(fields[bodies + 1]);
      checkExtension(fields.slice(bodies + 2));
    }
    return;
  }
  const [type, subtype, params, id, description, encoding, octets] = fields;
  isString(type);
  isString(subtype);
  checkParams(params);
  isNstring(id);
  isNstring(description);
  isString(encoding);
  isNumber(octets);
  let next = 7;
  if (type === 'message' && (subtype === 'rfc822' || subtype === 'global')) {
    checkEnvelope(fields[next++]);
    checkBody(fields[next++], extended);
    isNumber(fields[next++]);
  } else if (type === 'text') isNumber(fields[next++]);
  assert.notEqual(type, 'multipart');
  if (!extended) assert.equal(fields.length, next);
  else {
    isNstring(fields[next]);
    checkExtension(fields.slice(next + 1));
  }
}

/** Asserts that a structure is possible in the bytes [from, to). */
function checkStructure(part: Part, from: number, to: number): void {
  assert.ok(part.headStart >= from && part.headStart <= part.bodyStart, 'head before body');
  assert.ok(part.bodyStart <= part.bodyEnd && part.bodyEnd <= to, 'body inside its parent');
  assert.ok(part.lines >= 0 && part.lines <= part.bodyEnd - part.bodyStart, 'line count');
  if (part.type === 'multipart') assert.ok(part.children.length > 0, 'a multipart has parts');
  let at = part.bodyStart;
  for (const child of part.children) {
    checkStructure(child, at, part.bodyEnd);
    at = child.bodyEnd;
  }
}

/** Asserts everything that must hold for `found`, the properties of `bytes`. */
export function checkProperties(bytes: Buffer, found: MessageProperties): void {
  assert.equal(found.sizeBytes, bytes.length);
  assert.equal(found.headBytes, found.structure.bodyStart);
  assert.equal(found.structure.headStart, 0);
  assert.equal(found.structure.bodyEnd, bytes.length);
  checkStructure(found.structure, 0, bytes.length);
  checkEnvelope(readImapValue(found.envelope));
  checkBody(readImapValue(found.bodyStructure), true);
  checkBody(readImapValue(found.body), false);
  assert.ok([...found.preview].length <= 200);
  assert.deepEqual(decodeStructure(encodeStructure(found.structure)), found.structure);
}
