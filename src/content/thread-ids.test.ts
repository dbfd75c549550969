import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readThreadIds, threadIds } from './thread-ids.ts';

test('ids are the same however they are quoted and folded', () => {
  for (const value of [
    '<"01KF8JCEOCBS0045PS"@xxx.yyy.com>',
    '<01KF8JCEOCBS0045PS@xxx.yyy.com>',
    '<"01KF8\\JCEOCBS0045PS"@xxx.yyy.com>',
    'see <01KF8JCEOCBS0045PS@\r\n xxx.yyy.com> there',
  ])
    assert.deepEqual(threadIds(value), ['01KF8JCEOCBS0045PS@xxx.yyy.com'], value);
  assert.deepEqual(threadIds('<"a>b"@c> <A@b><a@b>'), ['a>b@c', 'A@b', 'a@b']);
});

test('what is no id is passed over', () => {
  assert.deepEqual(threadIds('<abc> <@x> <x@> a@b <a@b> <open@x'), ['a@b']);
  assert.deepEqual(threadIds('<"open@x> <a@b>'), ['"open@x', 'a@b']);
  assert.deepEqual(threadIds(''), []);
});

test('In-Reply-To counts only without References, and only its first', () => {
  const ids = (head: string): unknown => readThreadIds(Buffer.from(`${head}\r\n\r\n`));
  assert.deepEqual(
    ids('message-ID : <m@x>\r\nReferences: <a@x>\r\n\t<b@x>\r\nIn-Reply-To: <c@x>'),
    {
      messageId: 'm@x',
      references: ['a@x', 'b@x'],
    },
  );
  assert.deepEqual(ids('References: none\r\nIn-Reply-To: <c@x> <d@x>'), {
    messageId: undefined,
    references: ['c@x'],
  });
  assert.deepEqual(ids('X-References: <a@x>\r\nReferences: <b@x>\r\nReferences: <c@x>'), {
    messageId: undefined,
    references: ['b@x'],
  });
});

test('of a long list of ancestors the nearest are kept', () => {
  const ids = Array.from({ length: 300 }, (_, index) => `a${index}@b`);
  const head = Buffer.from(`References: ${ids.map((id) => `<${id}>`).join('\r\n ')}\r\n\r\n`);
  assert.deepEqual(readThreadIds(head).references, ids.slice(100));
});
