import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  generatePassword,
  PASSWORD_BYTES_MAX,
  prepareText,
  requireUsablePassword,
} from './password.ts';
import {
  deriveScram,
  formatScram,
  makeArgon2id,
  makeVerifiers,
  matchesArgon2id,
  parseScram,
} from './secret.ts';

test('argon2id: a PHC string with its parameters matches its password and no other', async () => {
  const verifier = await makeArgon2id('correct horse');
  assert.match(verifier, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$=]{22}\$[^$=]{43}$/);
  assert.equal(await matchesArgon2id(verifier, 'correct horse'), true);
  assert.equal(await matchesArgon2id(verifier, 'correct horsf'), false);
  assert.notEqual(await makeArgon2id('correct horse'), verifier);
});

test('argon2id: a string made by the reference implementation is understood', async () => {
  // test.c of the reference implementation, version 0x13: t=2, m=2^16, p=1
  const made =
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  assert.equal(await matchesArgon2id(made, 'password'), true);
  assert.equal(await matchesArgon2id(made, 'passwore'), false);
  for (const broken of [made.replace('$v=19', ''), made.replace('2id', '2i'), '', `${made}=`])
    await assert.rejects(matchesArgon2id(broken, 'password'), { code: 'corrupt' });
});

test('SCRAM verifiers have the form of RFC 5803 and read back', async () => {
  const { scramSha256 } = await makeVerifiers('pencil');
  assert.match(scramSha256, /^SCRAM-SHA-256\$15000:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=$/);
  assert.equal(formatScram(parseScram(scramSha256)), scramSha256);
  for (const broken of ['', 'SCRAM-SHA-1$4096:AA==$AA==:AA==', 'SCRAM-SHA-256$4096:AA==$AA==:AA=='])
    assert.throws(() => parseScram(broken), { code: 'corrupt' });
});

test('SASLprep makes one password of its spellings, in both verifiers', async () => {
  // RFC 4013 §3: soft hyphen is mapped to nothing, ROMAN NUMERAL NINE to IX.
  assert.equal(prepareText('I\u00adX'), 'IX');
  assert.equal(prepareText('\u2168'), 'IX');
  assert.equal(await matchesArgon2id(await makeArgon2id('\u2168'), 'IX'), true);
  const salt = Buffer.alloc(16, 7);
  assert.deepEqual(await deriveScram('I\u00adX', salt, 4096), await deriveScram('IX', salt, 4096));
});

test('text that SASLprep prohibits is taken as it is, never thrown at', () => {
  for (const text of ['bell\u0007', '\u0627\u0031', '\u00ad', '', '\ud800', 'x'.repeat(1_000_000)])
    assert.equal(prepareText(text), text);
});

test('unusable passwords are refused with a sentence that helps', () => {
  for (const password of ['', 'a\0b', 'a\nb', '\ud800', 'x'.repeat(PASSWORD_BYTES_MAX + 1)])
    assert.throws(() => requireUsablePassword(password), { code: 'invalid', message: /password/ });
  requireUsablePassword('x'.repeat(PASSWORD_BYTES_MAX));
});

test('generated passwords are readable and never the same', () => {
  const made = new Set(Array.from({ length: 1000 }, generatePassword));
  assert.equal(made.size, 1000);
  for (const password of made)
    assert.match(password, /^[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){3}$/);
});
