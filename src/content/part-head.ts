/** What a header block says: about its part, and, at the root of a message, about the message. */
import { type RawAddress, scanAddresses } from './address.ts';
import { encodeWire } from './charset.ts';
import type { EnvelopeFields } from './envelope.ts';
import { type FieldSpan, fieldSpans, spanValue } from './header.ts';
import {
  type Disposition,
  type MediaType,
  parameterValue,
  parseDisposition,
  parseLanguages,
  parseMediaType,
  parseToken,
} from './parameters.ts';

/** The MIME fields of a part. Wire strings. */
export interface PartHead extends MediaType {
  readonly encoding: string;
  /** Delimiter of a multipart as it stands behind the dashes; undefined for everything else. */
  readonly boundary: string | undefined;
  readonly id: string | undefined;
  readonly description: string | undefined;
  readonly disposition: Disposition | undefined;
  readonly language: readonly string[] | undefined;
  readonly location: string | undefined;
  readonly md5: string | undefined;
}

/** The fields of a message's own header. */
export interface MessageHead extends EnvelopeFields {
  readonly references: string | undefined;
  readonly fromText: string | undefined;
  readonly toText: string | undefined;
  readonly ccText: string | undefined;
}

/** RFC 2045 §5.2: no Content-Type, or one that cannot be read. */
const PLAIN_TEXT: MediaType = { type: 'text', subtype: 'plain', params: [] };
/** RFC 2046 §5.1.5: the default inside multipart/digest. */
const DIGEST_ENTRY: MediaType = { type: 'message', subtype: 'rfc822', params: [] };

/** The fields that are of interest here; all others are passed over. */
const WANTED: ReadonlySet<string> = new Set([
  'bcc',
  'cc',
  'content-description',
  'content-disposition',
  'content-id',
  'content-language',
  'content-location',
  'content-md5',
  'content-transfer-encoding',
  'content-type',
  'date',
  'from',
  'in-reply-to',
  'message-id',
  'references',
  'reply-to',
  'sender',
  'subject',
  'to',
]);

/** The wanted fields of a header block by name. One pass over the block; values are read when they are asked for. */
export class HeadFields {
  readonly #text: string;
  readonly #first = new Map<string, FieldSpan>();
  readonly #more: FieldSpan[] = [];

  /** @param text the header block as wire string */
  constructor(text: string) {
    this.#text = text;
    for (const span of fieldSpans(text)) {
      if (!WANTED.has(span.name)) continue;
      if (this.#first.has(span.name)) this.#more.push(span);
      else this.#first.set(span.name, span);
    }
  }

  /** Unfolded value of the first field of that name. Where a field is repeated against the rules, the first counts. */
  value(name: string): string | undefined {
    const span = this.#first.get(name);
    return span === undefined ? undefined : spanValue(this.#text, span);
  }

  /** All fields of that name as one comma-separated list. */
  text(name: string): string | undefined {
    const first = this.value(name);
    if (first === undefined || this.#more.length === 0) return first;
    const more = this.#more.filter((other) => other.name === name);
    return [first, ...more.map((other) => spanValue(this.#text, other))].join(', ');
  }

  /** Addresses of a field; several fields count as one list (RFC 5322 §4.5.3). */
  addresses(name: string): readonly RawAddress[] {
    const text = this.text(name);
    return text === undefined ? [] : scanAddresses(text);
  }
}

/** RFC 2046 §5.1.1 allows 70 characters; real mailers exceed it. */
const BOUNDARY_CHARS_MAX = 512;

/** boundary := 0*69<bchars> bcharsnospace: blanks at its end do not count. */
function boundaryOf(media: MediaType): string | undefined {
  if (media.type !== 'multipart') return undefined;
  const plain = media.params.find(([name]) => name === 'boundary')?.[1];
  const value = plain ?? encodeWire(parameterValue(media.params, 'boundary') ?? '');
  const boundary = value.replace(/[ \t]{1,512}$/, '');
  return boundary === '' || boundary.length > BOUNDARY_CHARS_MAX ? undefined : boundary;
}

function hasContent(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/**
 * Reads the MIME fields.
 * @param inDigest whether the part stands directly in a multipart/digest
 */
export function readPartHead(fields: HeadFields, inDigest: boolean): PartHead {
  const contentType = fields.value('content-type');
  const absent = inDigest ? DIGEST_ENTRY : PLAIN_TEXT;
  const declared = contentType === undefined ? absent : (parseMediaType(contentType) ?? PLAIN_TEXT);
  const boundary = boundaryOf(declared);
  // A multipart without its boundary parameter is no valid Content-Type either.
  const isValid = declared.type !== 'multipart' || boundary !== undefined;
  const media = isValid ? declared : PLAIN_TEXT;
  const disposition = fields.value('content-disposition');
  const encoding = fields.value('content-transfer-encoding');
  const language = fields.value('content-language');
  return {
    type: media.type,
    subtype: media.subtype,
    params: media.params,
    encoding: (encoding === undefined ? undefined : parseToken(encoding)) ?? '7bit',
    boundary,
    id: hasContent(fields.value('content-id')),
    description: hasContent(fields.value('content-description')),
    disposition: disposition === undefined ? undefined : parseDisposition(disposition),
    language: language === undefined ? undefined : parseLanguages(language),
    location: hasContent(fields.value('content-location')),
    md5: hasContent(fields.value('content-md5')),
  };
}

/** Reads the fields of a message header. */
export function readMessageHead(fields: HeadFields): MessageHead {
  return {
    date: fields.value('date'),
    subject: fields.value('subject'),
    from: fields.addresses('from'),
    sender: fields.addresses('sender'),
    replyTo: fields.addresses('reply-to'),
    to: fields.addresses('to'),
    cc: fields.addresses('cc'),
    bcc: fields.addresses('bcc'),
    inReplyTo: fields.value('in-reply-to'),
    messageId: fields.value('message-id'),
    references: fields.value('references'),
    fromText: fields.value('from'),
    toText: fields.text('to'),
    ccText: fields.text('cc'),
  };
}
