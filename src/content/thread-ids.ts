/** The message ids by which THREAD=REFERENCES ties messages together. */
import { wireOf } from './header.ts';

/** Ancestors that are kept of one message, the nearest ones. */
const REFERENCES_MAX = 200;

/** Ids in the normal form of {@link threadIds}. */
export interface ThreadIds {
  /** Undefined when the message has no valid one. */
  readonly messageId: string | undefined;
  /** From the first ancestor to the parent; at most 200, the farthest are left out. */
  readonly references: readonly string[];
}

const FIELDS = /^(message-id|in-reply-to|references)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)/gim;
/** Blanks, folding included, and quoted pairs; what stands between brackets otherwise counts as it is. */
const UNQUOTED_NOISE = /[ \t\r\n]+/g;

/**
 * msg-id = [CFWS] "<" id-left "@" id-right ">" [CFWS]   (RFC 5322 §3.6.4)
 *
 * All valid ids of a value in order, without brackets, quoting and blanks removed, so that ids which differ in
 * quoting only are equal (RFC 5256 §3). Wire strings.
 */
export function threadIds(value: string): readonly string[] {
  const ids: string[] = [];
  for (let start = value.indexOf('<'); start >= 0; start = value.indexOf('<', start)) {
    const end = endOfId(value, start + 1);
    if (end < 0) break;
    const id = withoutQuoting(value.slice(start + 1, end));
    const at = id.lastIndexOf('@');
    if (at > 0 && at < id.length - 1) ids.push(id);
    start = end + 1;
  }
  return ids;
}

/** Where an id's closing bracket stands, not counting one in quotes; -1 without. Quotes that do not close are ordinary. */
function endOfId(value: string, start: number): number {
  const end = value.indexOf('>', start);
  const quote = value.indexOf('"', start);
  if (end < 0 || quote < 0 || quote > end) return end;
  for (let at = quote + 1; at < value.length; at++) {
    if (value[at] === '\\') at++;
    else if (value[at] === '"') return value.indexOf('>', at);
  }
  return end;
}

function withoutQuoting(id: string): string {
  if (!/[" \t\r\n\\]/.test(id)) return id;
  let out = '';
  let from = 0;
  for (const quoted of id.matchAll(/"((?:[^"\\]|\\.)*)"/gs)) {
    out += id.slice(from, quoted.index).replace(UNQUOTED_NOISE, '');
    out += quoted[1]!.replace(/\r?\n/g, '').replace(/\\(.)/gs, '$1');
    from = quoted.index + quoted[0].length;
  }
  return out + id.slice(from).replace(UNQUOTED_NOISE, '');
}

/**
 * The ids of a message: References, or where that has none the first of In-Reply-To (RFC 5256 §3). Of several fields
 * with one name the first counts.
 *
 * @param head the header block
 */
export function readThreadIds(head: Uint8Array): ThreadIds {
  const values = new Map<string, string>();
  for (const [, name, value] of wireOf(head).matchAll(FIELDS)) {
    const field = name!.toLowerCase();
    if (!values.has(field)) values.set(field, value!);
  }
  const references = threadIds(values.get('references') ?? '');
  return {
    messageId: threadIds(values.get('message-id') ?? '')[0],
    references:
      references.length > 0
        ? references.slice(-REFERENCES_MAX)
        : threadIds(values.get('in-reply-to') ?? '').slice(0, 1),
  };
}
