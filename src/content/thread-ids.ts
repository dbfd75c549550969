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
  let quote = value.indexOf('"');
  for (let start = value.indexOf('<'); start >= 0; start = value.indexOf('<', start)) {
    if (quote >= 0 && quote < start) quote = value.indexOf('"', start);
    let end = value.indexOf('>', start);
    if (quote >= 0 && quote < end) {
      // A closing bracket in quotes does not count. Quotes that do not close are ordinary, and then none behind them closes.
      const closing = closingQuote(value, quote);
      if (closing < 0) quote = -1;
      else end = value.indexOf('>', closing);
    }
    if (end < 0) break;
    const id = withoutQuoting(value.slice(start + 1, end));
    const at = id.lastIndexOf('@');
    if (at > 0 && at < id.length - 1) ids.push(id);
    start = end + 1;
  }
  return ids;
}

/** Where the quote closes that opens at `quote`; -1 when it does not. */
function closingQuote(value: string, quote: number): number {
  for (let at = quote + 1; at < value.length; at++) {
    if (value[at] === '\\') at++;
    else if (value[at] === '"') return at;
  }
  return -1;
}

function withoutQuoting(id: string): string {
  if (!/[" \t\r\n\\]/.test(id)) return id;
  let out = '';
  let from = 0;
  for (let quote = id.indexOf('"'); quote >= 0; quote = id.indexOf('"', from)) {
    const closing = closingQuote(id, quote);
    if (closing < 0) break;
    out += id.slice(from, quote).replace(UNQUOTED_NOISE, '');
    out += id
      .slice(quote + 1, closing)
      .replace(/\r?\n/g, '')
      .replace(/\\(.)/gs, '$1');
    from = closing + 1;
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
