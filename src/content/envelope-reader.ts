/** Reading back what `renderEnvelope` wrote: the store keeps no other form of these fields. */
import { decodeWire } from './charset.ts';
import { decodeHeader } from './encoded-word.ts';

/** Where fields stand in an ENVELOPE (RFC 9051 §7.5.2). */
const FIELD = { subject: 1, from: 2, to: 5, cc: 6 } as const;

const DQUOTE = 0x22;
const LPAREN = 0x28;
const RPAREN = 0x29;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const LBRACE = 0x7b;

/** The first address structure of a field, a group's beginning included; decoded, undefined where it shows NIL. */
export interface EnvelopeAddress {
  readonly name: string | undefined;
  readonly mailbox: string | undefined;
  readonly host: string | undefined;
}

/** An ENVELOPE as it is kept. Gives what it shows, decoded; each field is looked for in one pass over those before it. */
export class EnvelopeReader {
  readonly #wire: string;
  /** Where the fields begin, as far as they have been passed over. */
  readonly #starts: number[] = [1];

  /** @param wire as {@link MessageProperties.envelope} has it */
  constructor(wire: string) {
    this.#wire = wire;
  }

  get subject(): string {
    const { value } = this.#nstring(this.#startOf(FIELD.subject));
    return value === undefined ? '' : decodeHeader(value);
  }

  /** The first address of a field; undefined when it has none. */
  first(field: 'from' | 'to' | 'cc'): EnvelopeAddress | undefined {
    const start = this.#startOf(FIELD[field]);
    if (this.#wire.charCodeAt(start) !== LPAREN) return undefined;
    const name = this.#nstring(start + 2);
    const route = this.#nstring(name.end + 1);
    const mailbox = this.#nstring(route.end + 1);
    const host = this.#nstring(mailbox.end + 1);
    return {
      name: name.value === undefined ? undefined : decodeHeader(name.value),
      mailbox: mailbox.value === undefined ? undefined : decodeWire(mailbox.value),
      host: host.value === undefined ? undefined : decodeWire(host.value),
    };
  }

  #startOf(field: number): number {
    while (this.#starts.length <= field) this.#starts.push(this.#endOf(this.#starts.at(-1)!) + 1);
    return this.#starts[field]!;
  }

  /** Behind a value: a string, NIL, or a list. */
  #endOf(start: number): number {
    const wire = this.#wire;
    let depth = 0;
    let at = start;
    do {
      const code = wire.charCodeAt(at);
      if (code === LPAREN) depth++;
      else if (code === RPAREN) depth--;
      at = code === LPAREN || code === RPAREN || code === SPACE ? at + 1 : this.#nstring(at).end;
    } while (depth > 0 && at < wire.length);
    return at;
  }

  /** nstring = string / nil   (RFC 9051 §9), as `imapNstring` writes it. */
  #nstring(start: number): { readonly value: string | undefined; readonly end: number } {
    const wire = this.#wire;
    switch (wire.charCodeAt(start)) {
      case DQUOTE: {
        let end = start + 1;
        let isEscaped = false;
        for (let code = wire.charCodeAt(end); code !== DQUOTE && end < wire.length; ) {
          if (code === BACKSLASH) {
            isEscaped = true;
            end++;
          }
          code = wire.charCodeAt(++end);
        }
        const value = wire.slice(start + 1, end);
        return { value: isEscaped ? value.replace(/\\(.)/gs, '$1') : value, end: end + 1 };
      }
      case LBRACE: {
        const from = wire.indexOf('\n', start) + 1;
        const end = from + Number.parseInt(wire.slice(start + 1, from), 10);
        return { value: wire.slice(from, end), end };
      }
      default:
        return { value: undefined, end: start + 'NIL'.length };
    }
  }
}
