import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from './commands.ts';

function parsed(line: string): ReturnType<typeof parseCommand> {
  return parseCommand(Buffer.from(`a ${line}`, 'latin1'), { utf8Names: true });
}

function body(line: string): unknown {
  const result = parsed(line);
  assert.ok(result.ok, JSON.stringify(result));
  return result.command.body;
}

test('NOTIFY NONE and NOTIFY SET', () => {
  assert.deepEqual(body('NOTIFY none'), { name: 'NOTIFY', groups: [], status: false });
  assert.deepEqual(
    body(
      'NOTIFY SET STATUS (selected (MessageNew (uid body.peek[header.fields (From)]) MessageExpunge)) (personal NONE)',
    ),
    {
      name: 'NOTIFY',
      status: true,
      groups: [
        {
          filter: { source: 'selected' },
          events: new Set(['MessageNew', 'MessageExpunge']),
          items: [
            { item: 'UID' },
            {
              item: 'BODY[]',
              peek: true,
              section: { part: [], text: 'HEADER.FIELDS', fields: ['From'] },
            },
          ],
        },
        { filter: { source: 'personal' }, events: new Set() },
      ],
    },
  );
  assert.deepEqual(
    body(
      'NOTIFY SET (subtree (a "b c") (messagenew MESSAGEEXPUNGE FlagChange MailboxName)) (mailboxes INBOX (SubscriptionChange))',
    ),
    {
      name: 'NOTIFY',
      status: false,
      groups: [
        {
          filter: { source: 'subtree', mailboxes: ['a', 'b c'] },
          events: new Set(['MessageNew', 'MessageExpunge', 'FlagChange', 'MailboxName']),
        },
        {
          filter: { source: 'mailboxes', mailboxes: ['INBOX'] },
          events: new Set(['SubscriptionChange']),
        },
      ],
    },
  );
});

test('what RFC 5465 §5 and §6 forbid is BAD', () => {
  for (const [groups, text] of [
    ['(selected (MessageNew))', /go together/],
    ['(personal (MessageExpunge))', /go together/],
    ['(personal (FlagChange))', /FlagChange needs/],
    ['(selected (MailboxName))', /MailboxName goes with other mailboxes/],
    ['(personal (MessageNew (UID) MessageExpunge))', /selected mailbox only/],
    ['(selected (MessageExpunge (UID) MessageNew))', /found "\(UID\)/],
    ['(selected NONE) (selected-delayed NONE)', /once only/],
    ['(nowhere (MessageNew MessageExpunge))', /expected selected, /],
    ['(personal ())', /an event/],
    ['', /STATUS or an event group|event group/],
  ] as const) {
    const result = parsed(`NOTIFY SET ${groups}`);
    assert.ok(!result.ok && result.status === 'BAD', `${groups}: ${JSON.stringify(result)}`);
    assert.match(result.text, text);
  }
});

test('an event that is unknown is answered with all that are (RFC 5465 §3.1)', () => {
  for (const event of ['AnnotationChange', 'X-Moon']) {
    const result = parsed(`NOTIFY SET (personal (${event}))`);
    assert.ok(!result.ok);
    assert.deepEqual(
      [result.status, result.code],
      [
        'NO',
        'BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange)',
      ],
    );
  }
});
