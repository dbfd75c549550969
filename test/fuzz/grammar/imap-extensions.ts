import type { Random } from '../random.ts';
import { astring, mailbox, number, string, text } from './imap-strings.ts';

function quota(random: Random): string {
  const resource = (): string => `${random.pick(['STORAGE', 'MESSAGE', 'X'])} ${number(random)}`;
  return random.one(
    () => `GETQUOTA ${string(random, Buffer.from(random.pick(['', 'x'])))}`,
    () => `GETQUOTAROOT ${mailbox(random)}`,
    () => `SETQUOTA "" (${random.some(0, 3, resource).join(' ')})`,
  );
}

function acl(random: Random): string {
  const identifier = (): string =>
    random.pick(['anyone', 'u1@x.test', '-anyone', 'nobody@x.test', '""', 'anonymous']);
  const rights = random.pick(['lrs', '+lrswipkxtea', '-w', '""', 'z', 'lrscd', '+']);
  return random.one(
    () => `SETACL ${mailbox(random)} ${identifier()} ${rights}`,
    () => `${random.pick(['DELETEACL', 'LISTRIGHTS'])} ${mailbox(random)} ${identifier()}`,
    () => `${random.pick(['GETACL', 'MYRIGHTS'])} ${mailbox(random)}`,
  );
}

function metadata(random: Random): string {
  const entry = (): string =>
    random.pick([
      '/private/comment',
      '/shared/comment',
      '/private/a/b',
      '/shared',
      '/PRIVATE/Comment',
      '//',
      'x',
      '"/private/a%"',
    ]);
  const value = (): string =>
    random.one(
      () => 'NIL',
      () => string(random, text(random)),
      () => '~{3+}\r\n\0\r\n',
    );
  const options = random.pick([
    '',
    '',
    '(MAXSIZE 10) ',
    '(DEPTH infinity) ',
    '(DEPTH 1 MAXSIZE 0) ',
  ]);
  const where = random.pick(['""', 'INBOX', 'a']);
  return random.one(
    () =>
      `GETMETADATA ${options}${where} ${random.oneIn(2) ? entry() : `(${random.some(1, 4, entry).join(' ')})`}`,
    () => `SETMETADATA ${where} (${random.some(1, 3, () => `${entry()} ${value()}`).join(' ')})`,
  );
}

function notify(random: Random): string {
  const event = (): string =>
    random.pick([
      'MessageNew (UID FLAGS)',
      'MessageNew',
      'MessageExpunge',
      'FlagChange',
      'MailboxName',
      'SubscriptionChange',
      'MailboxMetadataChange',
      'ServerMetadataChange',
      'X',
    ]);
  const events = (): string =>
    random.oneIn(5)
      ? 'NONE'
      : `(${random.pick(['', 'MessageNew MessageExpunge '])}${random.some(1, 4, event).join(' ')})`;
  const filter = (): string =>
    random.one(
      () => random.pick(['SELECTED', 'SELECTED-DELAYED', 'PERSONAL', 'INBOXES', 'SUBSCRIBED']),
      () =>
        `${random.pick(['SUBTREE', 'MAILBOXES'])} ${random.pick(['INBOX', '(a b)', astring(random)])}`,
    );
  if (random.oneIn(5)) return 'NOTIFY NONE';
  return `NOTIFY SET ${random.maybe(() => 'STATUS ')}${random.some(1, 4, () => `(${filter()} ${events()})`).join(' ')}`;
}

/** Commands of QUOTA, ACL, METADATA and NOTIFY, without tag and line end. */
export function extension(random: Random): string {
  return random.one(
    () => quota(random),
    () => acl(random),
    () => metadata(random),
    () => notify(random),
  );
}
