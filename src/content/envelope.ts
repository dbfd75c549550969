/** ENVELOPE. */
import type { RawAddress } from './address.ts';
import { imapNstring, imapString } from './imap-string.ts';

/** What an ENVELOPE shows: raw values (wire strings), undefined where the field is absent. */
export interface EnvelopeFields {
  readonly date: string | undefined;
  readonly subject: string | undefined;
  readonly from: readonly RawAddress[];
  readonly sender: readonly RawAddress[];
  readonly replyTo: readonly RawAddress[];
  readonly to: readonly RawAddress[];
  readonly cc: readonly RawAddress[];
  readonly bcc: readonly RawAddress[];
  readonly inReplyTo: string | undefined;
  readonly messageId: string | undefined;
}

/** The envelope of a message without any header. */
export const EMPTY_ENVELOPE = '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)';

/**
 * address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"   (RFC 9051 §9)
 * A group is bracketed by addresses without a host; a mailbox without domain therefore shows an empty host, not NIL.
 */
function renderAddress(raw: RawAddress): string {
  switch (raw.kind) {
    case 'group-start':
      return `(NIL NIL ${imapString(raw.name)} NIL)`;
    case 'group-end':
      return '(NIL NIL NIL NIL)';
    case 'mailbox': {
      const route = imapNstring(raw.route);
      return `(${imapNstring(raw.name)} ${route} ${imapString(raw.local)} ${imapString(raw.domain)})`;
    }
  }
}

/** env-from = "(" 1*address ")" / nil */
function renderList(list: readonly RawAddress[]): string {
  if (list.length === 0) return 'NIL';
  let out = '(';
  for (const raw of list) out += renderAddress(raw);
  return `${out})`;
}

/**
 * envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
 *            env-in-reply-to SP env-message-id ")"
 * Sender and Reply-To that are absent or empty show From: RFC 9051 §7.5.2.
 */
export function renderEnvelope(fields: EnvelopeFields): string {
  const from = renderList(fields.from);
  const sender = fields.sender.length === 0 ? from : renderList(fields.sender);
  const replyTo = fields.replyTo.length === 0 ? from : renderList(fields.replyTo);
  const recipients = `${renderList(fields.to)} ${renderList(fields.cc)} ${renderList(fields.bcc)}`;
  const head = `${imapNstring(fields.date)} ${imapNstring(fields.subject)}`;
  const ids = `${imapNstring(fields.inReplyTo)} ${imapNstring(fields.messageId)}`;
  return `(${head} ${from} ${sender} ${replyTo} ${recipients} ${ids})`;
}
