/** What the store keeps of a message beside its bytes. */
import { type Address, decodeAddresses, mailboxesOf, type RawAddress } from './address.ts';
import { baseSubject } from './base-subject.ts';
import { renderBody } from './body-structure.ts';
import { parseDate } from './date.ts';
import { decodeHeader } from './encoded-word.ts';
import { renderEnvelope } from './envelope.ts';
import { parseMessageId, parseMessageIds } from './identification.ts';
import type { Part } from './part.ts';
import type { MessageHead } from './part-head.ts';
import { previewOf, type TextStart } from './preview.ts';

/** An index of one message: everything the doors show without reading its bytes. */
export interface MessageProperties {
  readonly sizeBytes: number;
  /** Header block with its blank line; the whole message when it has no body. */
  readonly headBytes: number;
  readonly structure: Part;
  /** IMAP ENVELOPE, BODYSTRUCTURE and BODY, rendered: wire strings with their parentheses. RFC 9051 §7.5.2. */
  readonly envelope: string;
  readonly bodyStructure: string;
  readonly body: string;
  /** At most 200 characters of the text, Unicode. RFC 8970. */
  readonly preview: string;
  /** Decoded to Unicode; empty when absent. */
  readonly subject: string;
  /** Without reply and forward marks: RFC 5256 §2.1. */
  readonly baseSubject: string;
  /** Decoded field values, empty when absent: for search, lists and tracking. */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  /** First mailbox of the field: for SORT, DISPLAYFROM and DISPLAYTO (RFC 5256 §3, RFC 5957). */
  readonly firstFrom: Address | undefined;
  readonly firstTo: Address | undefined;
  readonly firstCc: Address | undefined;
  /** With angle brackets, wire strings. */
  readonly messageId: string | undefined;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  /** The Date field; undefined when it is missing or no date. */
  readonly sentAtMs: number | undefined;
}

function firstMailbox(list: readonly RawAddress[]): Address | undefined {
  const at = list.findIndex((raw) => raw.kind === 'mailbox');
  return at < 0 ? undefined : mailboxesOf(decodeAddresses(list.slice(at, at + 1)))[0];
}

function decoded(value: string | undefined): string {
  return value === undefined ? '' : decodeHeader(value);
}

function ids(value: string | undefined): readonly string[] {
  return value === undefined ? [] : parseMessageIds(value);
}

/** Puts the properties together from what the parser found. */
export function messageProperties(
  sizeBytes: number,
  structure: Part,
  head: MessageHead,
  texts: readonly TextStart[],
): MessageProperties {
  const subject = decoded(head.subject);
  return {
    sizeBytes,
    headBytes: structure.bodyStart,
    structure,
    envelope: renderEnvelope(head),
    bodyStructure: renderBody(structure, true),
    body: renderBody(structure, false),
    preview: previewOf(texts),
    subject,
    baseSubject: baseSubject(subject),
    from: decoded(head.fromText),
    to: decoded(head.toText),
    cc: decoded(head.ccText),
    firstFrom: firstMailbox(head.from),
    firstTo: firstMailbox(head.to),
    firstCc: firstMailbox(head.cc),
    messageId: head.messageId === undefined ? undefined : parseMessageId(head.messageId),
    inReplyTo: ids(head.inReplyTo),
    references: ids(head.references),
    sentAtMs: head.date === undefined ? undefined : parseDate(head.date),
  };
}
