/**
 * Address lists of header fields, read tolerantly: groups, routes, comments, quoted strings, and what mailers write
 * instead. Never throws; every step moves forward.
 */
import { decodeWire } from './charset.ts';
import { decodeHeader } from './encoded-word.ts';
import { readQuoted } from './parameters.ts';

/** One element of a flat list, raw (wire strings, quoting removed), as ENVELOPE shows it. */
export type RawAddress =
  | {
      readonly kind: 'mailbox';
      readonly name: string | undefined;
      readonly route: string | undefined;
      readonly local: string;
      readonly domain: string;
    }
  | { readonly kind: 'group-start'; readonly name: string }
  | { readonly kind: 'group-end' };

/** A mailbox, decoded to Unicode. */
export interface Address {
  readonly kind: 'address';
  /** Display name, encoded words decoded; for `user@domain (Name)` the comment. */
  readonly name: string | undefined;
  /** Local part, quoting removed. */
  readonly local: string;
  /** Empty when the address had none. */
  readonly domain: string;
  /** `local@domain` with the local part quoted where it must be; only the local part when there is no domain. */
  readonly address: string;
}

/** A group of mailboxes: `undisclosed-recipients:;`. */
export interface AddressGroup {
  readonly kind: 'group';
  readonly name: string;
  readonly members: readonly Address[];
}

/** Atom characters and dots: what stands between the marks of the syntax. */
const ATOM = /[^\x00-\x20()<>@,;:\\"[\]]+/y;
const LITERAL_CHARS_MAX = 255;
const ADDRESSES_MAX = 10_000;

/** What was read of the mailbox that is under way. */
interface Draft {
  /** Words and marks outside of angle brackets, joined as they stood: the phrase, or the bare addr-spec. */
  phrase: string;
  /** The same without blanks and with quotes removed, for a bare addr-spec. */
  local: string;
  domain: string;
  atSeen: boolean;
  /** The last bare word ended with a dot, so that a blank behind it does not count (obsolete syntax). */
  dotted: boolean;
  /** The bare addr-spec is over; what follows is only part of the phrase. */
  complete: boolean;
  comment: string | undefined;
  /** What stood in angle brackets. */
  angle: { route: string | undefined; local: string; domain: string } | undefined;
  empty: boolean;
}

function newDraft(): Draft {
  return {
    phrase: '',
    local: '',
    domain: '',
    atSeen: false,
    dotted: false,
    complete: false,
    comment: undefined,
    angle: undefined,
    empty: true,
  };
}

/** Reads a header's address list. One scanner for one value: `new AddressScanner(value).scan()`. */
class AddressScanner {
  readonly #text: string;
  readonly #out: RawAddress[] = [];
  #at = 0;
  #draft = newDraft();
  #inGroup = false;

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * address-list = (address *("," address)) / obs-addr-list ;  group = display-name ":" [group-list] ";" [CFWS]
   * mailbox = name-addr / addr-spec   (RFC 5322 §3.4, §4.4)
   */
  scan(): readonly RawAddress[] {
    const text = this.#text;
    let blank = false;
    while (this.#at < text.length && this.#out.length < ADDRESSES_MAX) {
      const char = text[this.#at]!;
      if (char === ' ' || char === '\t' || char === '\r' || char === '\n') {
        this.#at++;
        blank = true;
        continue;
      }
      if (char === '(') {
        this.#draft.comment = this.#comment();
        blank = true;
        continue;
      }
      this.#element(char, blank);
      blank = false;
    }
    this.#finish();
    if (this.#inGroup) this.#out.push({ kind: 'group-end' });
    return this.#out;
  }

  #element(char: string, blank: boolean): void {
    switch (char) {
      case ',':
        this.#finish();
        this.#at++;
        return;
      case ';':
        // Closes a group; elsewhere it stands for a comma, as some mailers write it.
        this.#finish();
        if (this.#inGroup) this.#out.push({ kind: 'group-end' });
        this.#inGroup = false;
        this.#at++;
        return;
      case ':':
        this.#colon();
        return;
      case '<':
        this.#angle();
        return;
      case '@':
        this.#draft.atSeen = true;
        this.#add('@', '', blank);
        this.#at++;
        return;
      case '"': {
        const { value, end } = readQuoted(this.#text, this.#at);
        this.#add(value, value, blank);
        this.#at = end;
        return;
      }
      case '[': {
        const literal = this.#domainLiteral();
        this.#add(literal, literal, blank);
        return;
      }
      default:
        this.#word(blank);
    }
  }

  /** An atom, or one stray character. */
  #word(blank: boolean): void {
    ATOM.lastIndex = this.#at;
    const word = ATOM.exec(this.#text)?.[0] ?? this.#text[this.#at]!;
    this.#at += word.length;
    this.#add(word, word, blank);
  }

  #add(phrase: string, bare: string, blank: boolean): void {
    const draft = this.#draft;
    draft.phrase += blank && draft.phrase !== '' ? ` ${phrase}` : phrase;
    draft.empty = false;
    const apart = blank && !draft.dotted && !bare.startsWith('.');
    // Words behind a complete addr-spec are no part of it.
    if (draft.atSeen && apart && draft.domain !== '') draft.complete = true;
    if (draft.complete) return;
    if (draft.atSeen) draft.domain += bare;
    else draft.local += apart && draft.local !== '' ? ` ${bare}` : bare;
    draft.dotted = bare.endsWith('.');
  }

  #colon(): void {
    const draft = this.#draft;
    this.#at++;
    if (this.#inGroup || draft.angle !== undefined || draft.atSeen) {
      this.#add(':', ':', false);
      return;
    }
    this.#out.push({ kind: 'group-start', name: draft.phrase });
    this.#inGroup = true;
    this.#draft = newDraft();
  }

  /** angle-addr = [CFWS] "<" [obs-route] addr-spec ">" [CFWS] ;  obs-route = obs-domain-list ":"   (RFC 5322 §3.4, §4.4) */
  #angle(): void {
    const outer = this.#draft;
    const inner = newDraft();
    this.#draft = inner;
    let route: string | undefined;
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '>') {
      const char = this.#text[this.#at]!;
      if (char === '(') this.#comment();
      else if (char <= ' ') this.#at++;
      else if (char === ':' && inner.local === '' && inner.atSeen && route === undefined) {
        route = inner.phrase;
        inner.phrase = inner.domain = '';
        inner.atSeen = false;
        this.#at++;
      } else if (char === ',' || char === ';' || char === ':' || char === '<') {
        this.#at++;
        this.#add(char, char, false);
      } else this.#element(char, false);
    }
    this.#at++;
    this.#draft = outer;
    outer.angle = { route, local: inner.local, domain: inner.domain };
    outer.empty = false;
  }

  #finish(): void {
    const draft = this.#draft;
    this.#draft = newDraft();
    if (draft.empty) return;
    if (draft.angle !== undefined) {
      const { local, domain, route } = draft.angle;
      const name = draft.phrase === '' ? draft.comment : draft.phrase;
      if (local === '' && domain === '' && name === undefined) return;
      this.#out.push({ kind: 'mailbox', name, route, local, domain });
      return;
    }
    const { local, domain, comment } = draft;
    this.#out.push({ kind: 'mailbox', name: comment, route: undefined, local, domain });
  }

  /** Reads a comment (nested ones too) and gives its text, quoting removed. */
  #comment(): string {
    const text = this.#text;
    let depth = 0;
    let value = '';
    for (; this.#at < text.length; this.#at++) {
      const char = text[this.#at]!;
      if (char === '(' && depth++ === 0) continue;
      if (char === ')' && --depth === 0) {
        this.#at++;
        break;
      }
      if (char === '\\' && this.#at + 1 < text.length) value += text[++this.#at]!;
      else value += char;
    }
    return value.trim();
  }

  /** domain-literal = "[" *([FWS] dtext) [FWS] "]"   (RFC 5322 §3.4.1); without its end it is one character. */
  #domainLiteral(): string {
    const ahead = this.#text.slice(this.#at, this.#at + LITERAL_CHARS_MAX);
    const literal = ahead.slice(0, Math.max(1, ahead.indexOf(']') + 1));
    this.#at += literal.length;
    return literal;
  }
}

/** `local@domain` alone, the way most addresses are. */
const PLAIN = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+$/;

/** Reads an address list without decoding it: what ENVELOPE needs. `value` is a wire string, unfolded or not. */
export function scanAddresses(value: string): readonly RawAddress[] {
  if (PLAIN.test(value)) {
    const at = value.indexOf('@');
    const local = value.slice(0, at);
    return [
      { kind: 'mailbox', name: undefined, route: undefined, local, domain: value.slice(at + 1) },
    ];
  }
  return new AddressScanner(value).scan();
}

/** dot-atom-text with the non-ASCII of RFC 6532 §3.2; anything else must be quoted. */
const DOT_ATOM = /^[^\x00-\x20()<>@,;:\\".[\]\x7f]+(?:\.[^\x00-\x20()<>@,;:\\".[\]\x7f]+)*$/;

function addrSpec(local: string, domain: string): string {
  const quoted = DOT_ATOM.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`;
  return domain === '' ? quoted : `${quoted}@${domain}`;
}

function decodeMailbox(raw: Extract<RawAddress, { kind: 'mailbox' }>): Address {
  const local = decodeWire(raw.local);
  const domain = decodeWire(raw.domain);
  const name = raw.name === undefined ? undefined : decodeHeader(raw.name);
  return { kind: 'address', name, local, domain, address: addrSpec(local, domain) };
}

/** Raw addresses decoded to Unicode, group members gathered in their groups. */
export function decodeAddresses(list: readonly RawAddress[]): readonly (Address | AddressGroup)[] {
  const out: (Address | AddressGroup)[] = [];
  let members: Address[] | undefined;
  for (const raw of list) {
    if (raw.kind === 'group-start') {
      members = [];
      out.push({ kind: 'group', name: decodeHeader(raw.name), members });
    } else if (raw.kind === 'group-end') members = undefined;
    else (members ?? out).push(decodeMailbox(raw));
  }
  return out;
}

/**
 * Reads the value of an address field (From, To, …) to Unicode. RFC 5322 §3.4 and §4.4, tolerant.
 * @param value wire string, folded or not
 */
export function parseAddressList(value: string): readonly (Address | AddressGroup)[] {
  return decodeAddresses(scanAddresses(value));
}

/** All mailboxes of a list, those of groups included, in order. */
export function mailboxesOf(list: readonly (Address | AddressGroup)[]): readonly Address[] {
  return list.flatMap((entry) => (entry.kind === 'group' ? entry.members : [entry]));
}
