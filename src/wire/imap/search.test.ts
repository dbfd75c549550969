import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from './commands.ts';
import type { SearchCommand, SearchKey } from './search-key.ts';

function search(rest: string | Buffer): SearchCommand {
  const bytes = Buffer.concat([Buffer.from('a '), Buffer.from(rest)]);
  const result = parseCommand(bytes, { utf8Names: false });
  assert.ok(result.ok, result.ok ? '' : result.text);
  assert.ok(result.command.body.name === 'SEARCH');
  return result.command.body;
}

const key = (keys: string): SearchKey => search(`SEARCH ${keys}`).key;

function refusal(keys: string): string {
  const result = parseCommand(Buffer.from(`a SEARCH ${keys}`), { utf8Names: false });
  assert.ok(!result.ok, `accepted: ${keys.slice(0, 100)}`);
  return `${result.status} ${result.code ?? ''} ${result.text}`;
}

test('flags and keywords', () => {
  assert.deepEqual(key('unseen'), { key: 'flag', flag: '\\Seen', set: false });
  assert.deepEqual(key('KEYWORD $Junk'), { key: 'flag', flag: '$Junk', set: true });
  assert.deepEqual(key('OLD'), { key: 'recent', set: false });
  assert.equal(key('NEW').key, 'and');
  assert.match(refusal('KEYWORD "a b"'), /not a keyword/);
});

test('texts, dates, sizes, ages, ids', () => {
  assert.deepEqual(key('FROM "jö e"'), { key: 'field', field: 'FROM', text: 'jö e' });
  assert.deepEqual(key('HEADER X-Spam ""'), { key: 'header', name: 'X-Spam', text: '' });
  assert.deepEqual(key('TEXT {3}\r\na b'), { key: 'text', text: 'a b' });
  assert.deepEqual(key('SENTSINCE "1-Feb-1994"'), {
    key: 'date',
    time: 'sent',
    op: 'since',
    dayMs: Date.UTC(1994, 1, 1),
  });
  assert.deepEqual(key('SAVEDON 1-Feb-1994'), {
    key: 'date',
    time: 'saved',
    op: 'on',
    dayMs: Date.UTC(1994, 1, 1),
  });
  assert.deepEqual(key('LARGER 10'), { key: 'larger', sizeBytes: 10 });
  assert.deepEqual(key('YOUNGER 60'), { key: 'younger', ageSeconds: 60 });
  assert.deepEqual(key('EMAILID M1-_'), { key: 'email-id', id: 'M1-_' });
  assert.match(
    refusal('ON 31-Feb-2020'),
    /expected a date such as 1-Feb-2026, found "31-Feb-2020"/,
  );
  assert.match(refusal('OLDER 0'), /above 0/);
  assert.match(refusal('FROM'), /expected a space and a search text, found the end of the line/);
});

test('MODSEQ with and without an entry', () => {
  assert.deepEqual(key('MODSEQ 620162338'), { key: 'modseq', modSeq: 620162338 });
  assert.deepEqual(key('MODSEQ "/flags/\\\\draft" all 3'), {
    key: 'modseq',
    modSeq: 3,
    entry: { name: '/flags/\\draft', type: 'all' },
  });
});

test('the tree', () => {
  const seen = { key: 'flag', flag: '\\Seen', set: true };
  const all = { key: 'all' };
  assert.deepEqual(key('ALL SEEN'), { key: 'and', keys: [all, seen] });
  assert.deepEqual(key('NOT (ALL SEEN)'), { key: 'not', of: { key: 'and', keys: [all, seen] } });
  assert.deepEqual(key('OR ALL OR SEEN (OR ALL SEEN)'), {
    key: 'or',
    keys: [all, seen, { key: 'or', keys: [all, seen] }],
  });
  assert.deepEqual(key('1:3,* UID $'), {
    key: 'and',
    keys: [
      {
        key: 'seqs',
        set: {
          ranges: [
            { first: 1, last: 3 },
            { first: Infinity, last: Infinity },
          ],
          saved: false,
        },
      },
      { key: 'uids', set: { ranges: [], saved: true } },
    ],
  });
});

test('depth and number of keys are bounded, chains of OR are not depth', () => {
  const depth = (n: number): string => `${'('.repeat(n)}ALL${')'.repeat(n)}`;
  assert.deepEqual(key(depth(32)), { key: 'all' });
  assert.match(refusal(depth(33)), /nested more than 32 deep/);
  assert.match(refusal(`${'NOT '.repeat(33)}ALL`), /nested more than 32 deep/);
  assert.match(refusal('('.repeat(60_000)), /nested more than 32 deep/);
  const chain = key(`${'OR SEEN '.repeat(500)}ALL`);
  assert.ok(chain.key === 'or');
  assert.equal(chain.keys.length, 501);
  assert.match(refusal(`${'OR ALL '.repeat(5000)}ALL`), /more than 4096 search keys/);
});

test('RETURN', () => {
  assert.equal(search('SEARCH ALL').returnOptions, undefined);
  assert.deepEqual(search('SEARCH RETURN () ALL').returnOptions, new Set(['ALL']));
  assert.deepEqual(
    search('UID SEARCH return (min SAVE) ALL').returnOptions,
    new Set(['MIN', 'SAVE']),
  );
  assert.match(
    refusal('RETURN (FOO) ALL'),
    /expected one of MIN, MAX, ALL, COUNT, SAVE, PARTIAL, UPDATE, CONTEXT, found/,
  );
});

test('CHARSET', () => {
  const latin = search(Buffer.from('SEARCH CHARSET iso-8859-1 SUBJECT {1}\r\n\xfc', 'latin1'));
  assert.deepEqual(latin.key, { key: 'field', field: 'SUBJECT', text: 'ü' });
  assert.equal(latin.charset, 'iso-8859-1');
  assert.equal(search('SEARCH CHARSET UTF-8 BODY ü').charset, 'UTF-8');
  assert.match(refusal('CHARSET x-none ALL'), /^NO BADCHARSET \(UTF-8 US-ASCII\) /);
});
