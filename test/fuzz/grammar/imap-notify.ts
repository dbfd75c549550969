import type { Random } from '../random.ts';
import { mailbox } from './imap-strings.ts';

const SOURCES = ['selected', 'Selected-Delayed', 'inboxes', 'PERSONAL', 'subscribed', 'nowhere'];
const EVENTS = [
  'MessageNew',
  'MessageExpunge',
  'FlagChange',
  'MailboxName',
  'SubscriptionChange',
  'MailboxMetadataChange',
  'ServerMetadataChange',
  'AnnotationChange',
];

function group(random: Random, items: () => string): string {
  const names = (): string =>
    random.oneIn(2) ? mailbox(random) : `(${random.some(1, 4, () => mailbox(random)).join(' ')})`;
  const source = random.one(
    () => random.pick(SOURCES),
    () => `${random.pick(['subtree', 'subtree-one', 'Mailboxes'])} ${names()}`,
  );
  const event = (): string => random.pick(EVENTS) + (random.oneIn(6) ? ` ${items()}` : '');
  const events = random.one(
    () => 'NONE',
    () => `(MessageNew${random.maybe(() => ` ${items()}`)} MessageExpunge)`,
    () => `(${random.some(0, 5, event).join(' ')})`,
  );
  return `(${source} ${events})`;
}

/** NOTIFY. @param items makes a list of what to fetch */
export function notifying(random: Random, items: () => string): string {
  if (random.oneIn(8)) return 'NOTIFY NONE';
  const groups = random.some(0, 4, () => ` ${group(random, items)}`).join('');
  return `NOTIFY SET${random.maybe(() => ' STATUS')}${groups}`;
}
