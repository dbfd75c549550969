import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkFolderName } from './folder-name.ts';

const refused = (name: string, why: RegExp): void =>
  assert.throws(() => checkFolderName(name), { code: 'folder-name', message: why }, name);

test('INBOX is one in any ASCII case, and only at the head of a path', () => {
  assert.equal(checkFolderName('inbox'), 'INBOX');
  assert.equal(checkFolderName('iNbOx/Sub/inbox'), 'INBOX/Sub/inbox');
  assert.equal(checkFolderName('a/inbox'), 'a/inbox');
  assert.equal(checkFolderName('inboxes'), 'inboxes');
  // Letters whose capital form is an ASCII letter are no ASCII letters.
  assert.equal(checkFolderName('ınbox'), 'ınbox');
  assert.equal(checkFolderName('İNBOX'), 'İNBOX');
});

test('names are kept in NFC', () => {
  assert.equal(checkFolderName('Entwu\u0308rfe'), 'Entw\u00fcrfe');
  assert.equal(checkFolderName('😀/日本語'), '😀/日本語');
});

test('what cannot be a name is refused with the reason', () => {
  refused('', /empty/);
  for (const name of ['/', 'a/', '/a', 'a//b']) refused(name, /empty level/);
  for (const name of ['a\0b', 'a\tb', 'a\r\nb', 'a\u007fb', 'a\u0085', 'a\u2028', 'a\u2029'])
    refused(name, /control/);
  for (const name of ['a*', '%', 'a/b%c']) refused(name, /"\*" and no "%"/);
  refused('a\ud800', /well-formed/);
  refused('x'.repeat(1001), /1000 bytes/);
  refused('é'.repeat(501), /1000 bytes/);
  refused(Array.from({ length: 51 }, () => 'a').join('/'), /50 deep/);
  assert.equal(checkFolderName('é'.repeat(500)).length, 500);
  checkFolderName(Array.from({ length: 50 }, () => 'a').join('/'));
});

test('any string is either refused as a folder name or a name that stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (given) => {
      let name: string;
      try {
        name = checkFolderName(given);
      } catch (error) {
        assert.equal((error as { code: string }).code, 'folder-name');
        return;
      }
      assert.equal(checkFolderName(name), name);
      assert.ok(name.isWellFormed() && name !== '' && !name.split('/').includes(''));
    }),
    { numRuns: 500 },
  );
});
