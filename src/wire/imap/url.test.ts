import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImapUrl } from './url.ts';

test('URLs of messages and their parts (RFC 5092)', () => {
  const whole = { part: [] };
  const cases: readonly (readonly [string, unknown])[] = [
    ['/INBOX/;UID=20', { mailbox: 'INBOX', uid: 20, section: whole }],
    [
      '/Sent%20Mail/2026;UIDVALIDITY=785799047/;UID=113330/;section=1.5.9',
      {
        mailbox: 'Sent Mail/2026',
        uidValidity: 785799047,
        uid: 113330,
        section: { part: [1, 5, 9] },
      },
    ],
    [
      '/Gr%C3%BCn;uidvalidity=1/;uid=2/;SECTION=1.MIME/;PARTIAL=0.1024',
      {
        mailbox: 'Gr\u00fcn',
        uidValidity: 1,
        uid: 2,
        section: { part: [1], text: 'MIME' },
        partial: { offset: 0, length: 1024 },
      },
    ],
    [
      ';UID=3/;SECTION=HEADER.FIELDS%20(DATE)/;PARTIAL=7',
      {
        uid: 3,
        section: { part: [], text: 'HEADER.FIELDS', fields: ['DATE'] },
        partial: { offset: 7, length: Number.MAX_SAFE_INTEGER },
      },
    ],
    [
      'imap://anna%40example.test;AUTH=*@mail.example.test:143/INBOX/;UID=1',
      {
        host: 'mail.example.test',
        user: 'anna@example.test',
        mailbox: 'INBOX',
        uid: 1,
        section: whole,
      },
    ],
    [
      'imap://mail.example.test/a/b/;UID=1',
      { host: 'mail.example.test', mailbox: 'a/b', uid: 1, section: whole },
    ],
  ];
  for (const [url, parsed] of cases) assert.deepEqual(parseImapUrl(url), parsed, url);
});

test('what names no message is no such URL', () => {
  for (const url of [
    '',
    '/',
    '/INBOX',
    '/INBOX/',
    '/INBOX;UIDVALIDITY=1',
    '/INBOX/;UID=0',
    '/INBOX/;UID=x',
    '/;UID=1',
    'INBOX/;UID=1',
    '/INBOX/;UID=1/;SECTION=',
    '/INBOX/;UID=1/;SECTION=FOO',
    '/INBOX/;UID=1/;SECTION=1.MIME]',
    '/INBOX/;UID=1/;PARTIAL=1.0',
    '/INBOX/;UID=1/;SECTION=1/;PARTIAL=x',
    '/INBOX%/;UID=1',
    '/%FF/;UID=1',
    '/INBOX/;UID=1/;URLAUTH=anonymous',
    'http://mail.example.test/INBOX/;UID=1',
    'imap:///INBOX/;UID=1',
  ])
    assert.equal(parseImapUrl(url), undefined, url);
});
