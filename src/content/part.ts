/** The MIME structure of a message: a tree of parts that hold offsets, never content. */
import type { Disposition, Parameter } from './parameters.ts';

/** One part. Offsets are bytes from the start of the whole message; strings are wire strings. */
export interface Part {
  /** The header block is [headStart, bodyStart), its blank line included. */
  readonly headStart: number;
  /** The body is [bodyStart, bodyEnd); the line break before a boundary belongs to the boundary. */
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Line breaks in the body. */
  readonly lines: number;
  /** Lower case. Defaults of RFC 2045 §5.2, and of RFC 2046 §5.1.5 in a digest, are filled in. */
  readonly type: string;
  readonly subtype: string;
  /** Content-Type parameters as in the header, see {@link Parameter}. */
  readonly params: readonly Parameter[];
  /** Content-Transfer-Encoding, lower case; `7bit` when there is none. */
  readonly encoding: string;
  readonly id: string | undefined;
  readonly description: string | undefined;
  readonly disposition: Disposition | undefined;
  readonly language: readonly string[] | undefined;
  readonly location: string | undefined;
  readonly md5: string | undefined;
  /** Parts of a multipart (never empty there), or the root of the one message embedded in a message/rfc822. */
  readonly children: readonly Part[];
  /** ENVELOPE of the embedded message; undefined where nothing is embedded. */
  readonly envelope: string | undefined;
}

/** Whether the part holds parts that BODY[] numbers count. */
export function isMultipart(part: Part): boolean {
  return part.type === 'multipart';
}

/** Whether the media type is that of an embedded message: RFC 2046 §5.2.1, RFC 6532 §3.7. */
export function isMessageType(type: string, subtype: string): boolean {
  return type === 'message' && (subtype === 'rfc822' || subtype === 'global');
}

/** The root of the message that a part embeds, if it does. */
export function embeddedMessage(part: Part): Part | undefined {
  return isMessageType(part.type, part.subtype) ? part.children[0] : undefined;
}

/**
 * The part that IMAP part numbers name. Part 1 of a message that is no multipart is its root; numbers go through
 * message/rfc822 into the embedded message. RFC 9051 §6.4.5.1.
 * @param path numbers from 1; empty names the root
 * @returns undefined when there is no such part
 */
export function findPart(root: Part, path: readonly number[]): Part | undefined {
  let found: Part | undefined = root;
  for (let depth = 0; depth < path.length && found !== undefined; depth++) {
    const message: Part | undefined = depth === 0 ? root : embeddedMessage(found);
    found = numberedPart(message ?? found, path[depth]!, message !== undefined);
  }
  return found;
}

function numberedPart(within: Part, number: number, isMessage: boolean): Part | undefined {
  if (isMultipart(within)) return within.children[number - 1];
  return isMessage && number === 1 ? within : undefined;
}

/** All leaves of a structure in order: parts that hold content rather than parts. */
export function* leafParts(part: Part): Generator<Part> {
  if (part.children.length === 0) yield part;
  else for (const child of part.children) yield* leafParts(child);
}
