import assert from 'node:assert/strict';
import { parseImapUrl } from '../../../src/wire/imap/index.ts';
import type { Random } from '../random.ts';
import { type Target, wire } from '../target.ts';

function url(random: Random): string {
  const server = random.pick([
    '',
    '',
    'imap://h',
    'imap://u@h:143',
    'imap://u;AUTH=*@h',
    'imap://;AUTH=PLAIN@h',
    'IMAP://%41@h',
  ]);
  const mailbox = random.pick(['/INBOX', '/a/b', '/%41%2F', '/gr%C3%BCn', '/%FF', '/a;b', '/']);
  const validity = random.maybe(() => ';UIDVALIDITY=385759045');
  const section = random.maybe(
    () =>
      `/;SECTION=${random.pick(['1.2', 'HEADER', 'HEADER.FIELDS%20(A%20B)', '1.MIME', '%5B%5D', 'TEXT]'])}`,
  );
  const partial = random.maybe(
    () => `/;PARTIAL=${random.pick(['0', '1.5', '999999999999999.999999999999999', '0.0'])}`,
  );
  const place = random.oneIn(4) ? '' : `${mailbox}${validity}/`;
  return `${server}${place};UID=${random.pick(['1', '20', '4294967295', '9999999999', '0'])}${section}${partial}`;
}

/** URLs of messages, as CATENATE takes them. */
export const target: Target = {
  name: 'imap-url',
  seeds: ['/INBOX;UIDVALIDITY=1/;UID=2/;SECTION=1.2/;PARTIAL=0.1', ';UID=1'],
  words: [
    'imap://',
    ';UID=1',
    ';UIDVALIDITY=',
    '/;SECTION=',
    '/;PARTIAL=0.1',
    '%',
    '%00',
    '%C3%A4',
    ';AUTH=*@',
    '/',
    '[',
    ']',
  ],
  bytesMax: 8192,
  generate: (random) => wire(url(random)),
  run(input) {
    const parsed = parseImapUrl(input.toString('latin1'));
    if (parsed === undefined) return 'none';
    assert.ok(Number.isSafeInteger(parsed.uid) && parsed.uid > 0);
    assert.ok(parsed.uidValidity === undefined || parsed.uidValidity > 0);
    const { partial, mailbox, host, user, section } = parsed;
    assert.ok(partial === undefined || (partial.offset >= 0 && partial.length > 0));
    for (const part of section.part) assert.ok(part > 0);
    for (const text of [mailbox, host, user]) assert.ok(text === undefined || text.isWellFormed());
    return `${Object.keys(parsed).join(' ')} ${section.text}`;
  },
};
