import * as c from './chars.ts';
import { type FetchItem, readFetchItems } from './fetch.ts';
import { type MailboxFilter, readFilterMailboxes } from './filter-mailboxes.ts';
import type { Cursor } from './parser.ts';

const GROUPS_MAX = 256;
const EVENTS_MAX = 64;

/** Events that can be told of, as they are written (RFC 5465 §5). AnnotationChange is not: there are no annotations of messages. */
export const NOTIFY_EVENTS = [
  'MessageNew',
  'MessageExpunge',
  'FlagChange',
  'MailboxName',
  'SubscriptionChange',
  'MailboxMetadataChange',
  'ServerMetadataChange',
] as const;
export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

const BY_NAME: ReadonlyMap<string, NotifyEvent> = new Map(
  NOTIFY_EVENTS.map((event) => [event.toUpperCase(), event]),
);
const MESSAGE_EVENTS: ReadonlySet<NotifyEvent> = new Set([
  'MessageNew',
  'MessageExpunge',
  'FlagChange',
]);

/** What is to be told of some mailboxes. */
export interface EventGroup {
  readonly filter: MailboxFilter;
  /** Empty for NONE. */
  readonly events: ReadonlySet<NotifyEvent>;
  /** What is to be fetched of each new message of the selected mailbox. */
  readonly items?: readonly FetchItem[];
}

export interface NotifyCommand {
  readonly name: 'NOTIFY';
  /** Empty for NONE: nothing is told any more. */
  readonly groups: readonly EventGroup[];
  /** A STATUS response is wanted for each mailbox whose messages are told of. */
  readonly status: boolean;
}

/**
 * ```abnf
 * notify      = "NOTIFY" SP ("SET" [SP "STATUS"] 1*(SP event-group) / "NONE")
 * event-group = "(" filter-mailboxes SP ("(" event *(SP event) ")" / "NONE") ")"
 * ```
 * RFC 5465 §8. The cursor stands after "NOTIFY".
 */
export function readNotify(cursor: Cursor): NotifyCommand {
  cursor.space('SET or NONE');
  if (cursor.skipKeyword('NONE')) return { name: 'NOTIFY', groups: [], status: false };
  if (!cursor.skipKeyword('SET')) return cursor.fail('SET or NONE');
  cursor.space('STATUS or an event group');
  const status = cursor.skipKeyword('STATUS');
  if (status) cursor.space('an event group');
  const groups: EventGroup[] = [];
  do {
    if (groups.length === GROUPS_MAX) cursor.reject(`more than ${GROUPS_MAX} event groups`);
    groups.push(readGroup(cursor));
  } while (cursor.more());
  // RFC 5465 §6: one of the two, and once.
  if (groups.filter(({ filter }) => isOfSelected(filter)).length > 1)
    cursor.reject('selected and selected-delayed may be given once only');
  return { name: 'NOTIFY', groups, status };
}

function isOfSelected({ source }: MailboxFilter): boolean {
  return source === 'selected' || source === 'selected-delayed';
}

function readGroup(cursor: Cursor): EventGroup {
  cursor.expect(c.LPAREN, 'an event group in parentheses');
  const filter = readFilterMailboxes(cursor);
  cursor.space('a list of events or NONE');
  const group = cursor.skipKeyword('NONE')
    ? { filter, events: new Set<NotifyEvent>() }
    : readEvents(cursor, filter);
  cursor.expect(c.RPAREN, '")" after the events');
  return group;
}

/** @throws a GrammarError for combinations that RFC 5465 §5 and §6 forbid */
function readEvents(cursor: Cursor, filter: MailboxFilter): EventGroup {
  const events = new Set<NotifyEvent>();
  let items: readonly FetchItem[] | undefined;
  const readOne = (): void => {
    const event = readEvent(cursor);
    events.add(event);
    if (event !== 'MessageNew' || !cursor.skipSpaceBefore(c.LPAREN)) return;
    if (!isOfSelected(filter))
      cursor.reject('what is to be fetched can be said of the selected mailbox only');
    items = readFetchItems(cursor);
  };
  cursor.list('events', EVENTS_MAX, readOne);
  if (events.has('MessageNew') !== events.has('MessageExpunge'))
    cursor.reject('MessageNew and MessageExpunge go together');
  if (events.has('FlagChange') && !events.has('MessageNew'))
    cursor.reject('FlagChange needs MessageNew and MessageExpunge');
  if (isOfSelected(filter))
    for (const event of events)
      if (!MESSAGE_EVENTS.has(event))
        cursor.reject(`${event} goes with other mailboxes than the selected one`);
  return items === undefined ? { filter, events } : { filter, events, items };
}

/** RFC 5465 §3.1: for an event that is not known the answer is NO, with all that are. */
function readEvent(cursor: Cursor): NotifyEvent {
  const name = cursor.atom('an event');
  const event = BY_NAME.get(name.toUpperCase());
  if (event !== undefined) return event;
  return cursor.reject(
    `there is no event ${name} here`,
    'NO',
    `BADEVENT (${NOTIFY_EVENTS.join(' ')})`,
  );
}
