import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandBody, parseCommand } from './commands.ts';

function body(text: string, utf8Names = false): CommandBody {
  const result = parseCommand(Buffer.from(`a ${text}`), { utf8Names });
  assert.ok(result.ok, result.ok ? '' : `${text}: ${result.text}`);
  return result.command.body;
}

function refusal(text: string): string {
  const result = parseCommand(Buffer.from(`a ${text}`), { utf8Names: false });
  assert.ok(!result.ok, `accepted: ${text}`);
  return `${result.status} ${result.code ?? ''} ${result.text}`;
}

const ALL = { key: 'all' } as const;

test('SORT', () => {
  assert.deepEqual(body('sort (subject reverse DATE) utf-8 ALL'), {
    name: 'SORT',
    uid: false,
    criteria: [
      { key: 'SUBJECT', reverse: false },
      { key: 'DATE', reverse: true },
    ],
    charset: 'utf-8',
    key: ALL,
  });
  assert.deepEqual(body('UID SORT RETURN () (DISPLAYFROM) "US-ASCII" SUBJECT ü'), {
    name: 'SORT',
    uid: true,
    returnOptions: new Set(['ALL']),
    criteria: [{ key: 'DISPLAYFROM', reverse: false }],
    charset: 'US-ASCII',
    key: { key: 'field', field: 'SUBJECT', text: 'ü' },
  });
  assert.match(refusal('SORT () UTF-8 ALL'), /expected what to sort by|REVERSE or one of/);
  assert.match(refusal('SORT (FOO) UTF-8 ALL'), /REVERSE or one of ARRIVAL, .*found "FOO/);
  assert.match(refusal('SORT (REVERSE) UTF-8 ALL'), /a space and what to sort by/);
  assert.match(refusal('SORT (DATE) UTF-8'), /a space and search keys/);
  assert.match(refusal('SORT (DATE) ALL'), /a space and search keys|unknown charset/);
  assert.match(refusal('SORT (DATE) x-none ALL'), /^NO BADCHARSET \(UTF-8 US-ASCII\) /);
});

test('THREAD', () => {
  assert.deepEqual(body('thread references utf-8 ALL'), {
    name: 'THREAD',
    uid: false,
    algorithm: 'REFERENCES',
    charset: 'utf-8',
    key: ALL,
  });
  const bySubject = body('UID THREAD ORDEREDSUBJECT US-ASCII ALL');
  assert.ok(bySubject.name === 'THREAD' && bySubject.uid);
  assert.match(refusal('THREAD REFS UTF-8 ALL'), /one of ORDEREDSUBJECT, REFERENCES, found "REFS"/);
});

test('PARTIAL, UPDATE and CONTEXT', () => {
  assert.deepEqual(body('SEARCH RETURN (PARTIAL 500:401 count) ALL'), {
    name: 'SEARCH',
    uid: false,
    returnOptions: new Set(['PARTIAL', 'COUNT']),
    partial: { first: 401, last: 500 },
    key: ALL,
  });
  const last = body('UID SEARCH RETURN (UPDATE PARTIAL -100:-1 CONTEXT) ALL');
  assert.ok(last.name === 'SEARCH');
  assert.deepEqual(last.partial, { first: -1, last: -100 });
  assert.deepEqual(last.returnOptions, new Set(['UPDATE', 'PARTIAL', 'CONTEXT']));
  for (const bad of ['1', '1:*', '*:1', '0:2', '1:-2', '-1:2', ''])
    assert.match(refusal(`SEARCH RETURN (PARTIAL ${bad}) ALL`), /^BAD /, bad);
  assert.match(refusal('SEARCH RETURN (ALL PARTIAL 1:2) ALL'), /either PARTIAL or ALL/);
  assert.match(refusal('SEARCH RETURN (PARTIAL 1:2 PARTIAL 1:2) ALL'), /once only/);
});

test('UPDATE may say what is to be fetched of new results (RFC 5465 §7, §8)', () => {
  for (const update of ['UPDATE (UID FLAGS)', 'update(uid flags)']) {
    const search = body(`SEARCH RETURN (COUNT ${update} SAVE) ALL`);
    assert.ok(search.name === 'SEARCH');
    assert.deepEqual(search.returnOptions, new Set(['COUNT', 'UPDATE', 'SAVE']));
    assert.deepEqual(search.updateItems, [{ item: 'UID' }, { item: 'FLAGS' }]);
  }
  const sort = body('SORT RETURN (UPDATE (BODY.PEEK[HEADER])) (DATE) UTF-8 ALL');
  assert.ok(sort.name === 'SORT' && sort.updateItems?.length === 1);
  assert.match(refusal('SEARCH RETURN (COUNT (UID)) ALL'), /^BAD /);
  assert.match(refusal('SEARCH RETURN (UPDATE (FAST)) ALL'), /what to fetch/);
  assert.match(refusal('SEARCH RETURN (UPDATE ()) ALL'), /what to fetch/);
});

test('FETCH by pages', () => {
  const fetched = body('UID FETCH 1:* FLAGS (PARTIAL -1:-3 CHANGEDSINCE 9)');
  assert.ok(fetched.name === 'FETCH');
  assert.deepEqual(fetched.page, { first: -1, last: -3 });
  assert.equal(fetched.changedSince, 9);
  const alone = body('UID FETCH 1:* FLAGS (PARTIAL 5:1)');
  assert.ok(alone.name === 'FETCH' && alone.changedSince === undefined && !alone.vanished);
  assert.match(refusal('FETCH 1:* FLAGS (PARTIAL 1:2)'), /PARTIAL is for UID FETCH only/);
  assert.match(refusal('UID FETCH 1 FLAGS (VANISHED PARTIAL 1:2)'), /VANISHED needs CHANGEDSINCE/);
});

test('CANCELUPDATE', () => {
  assert.deepEqual(body('CANCELUPDATE "a1" "b\\"2"'), {
    name: 'CANCELUPDATE',
    tags: ['a1', 'b"2'],
  });
  assert.match(refusal('CANCELUPDATE'), /a tag in quotes/);
});

test('ESEARCH and where it looks', () => {
  assert.deepEqual(body('ESEARCH UNSEEN'), {
    name: 'ESEARCH',
    uid: true,
    sources: [{ source: 'selected' }],
    key: { key: 'flag', flag: '\\Seen', set: false },
  });
  assert.deepEqual(
    body('ESEARCH IN (mailboxes inbox SUBTREE-ONE (a "b c") personal) RETURN (MIN) ALL'),
    {
      name: 'ESEARCH',
      uid: true,
      sources: [
        { source: 'mailboxes', mailboxes: ['INBOX'] },
        { source: 'subtree-one', mailboxes: ['a', 'b c'] },
        { source: 'personal' },
      ],
      returnOptions: new Set(['MIN']),
      key: ALL,
    },
  );
  assert.match(
    refusal('ESEARCH IN (selected-delayed) ALL'),
    /selected, inboxes, .*found "selected-/,
  );
  assert.match(refusal('ESEARCH IN () ALL'), /expected which mailboxes are meant/);
  assert.match(refusal('ESEARCH IN (subtree) ALL'), /a space and a mailbox name/);
});
