import type { Cursor } from './parser.ts';

const ID_PAIRS_MAX = 30;
const ID_FIELD_BYTES_MAX = 30;
const ID_VALUE_BYTES_MAX = 1024;
const CAPABILITIES_MAX = 64;

export interface LoginCommand {
  readonly name: 'LOGIN';
  readonly user: string;
  readonly password: string;
}

export interface AuthenticateCommand {
  readonly name: 'AUTHENTICATE';
  /** Upper case. */
  readonly mechanism: string;
  /** Decoded; empty for "=" (RFC 4959 §3). */
  readonly initialResponse?: Buffer;
}

export interface IdCommand {
  readonly name: 'ID';
  /** Field names in lower case, in order; undefined for NIL. */
  readonly fields?: ReadonlyMap<string, string | null>;
}

export interface EnableCommand {
  readonly name: 'ENABLE';
  /** Upper case, known or not. */
  readonly capabilities: readonly string[];
}

/** `login = "LOGIN" SP userid SP password`, both astrings. The cursor stands after "LOGIN". */
export function readLogin(cursor: Cursor): LoginCommand {
  cursor.space('a user name');
  const user = cursor.astring('a user name');
  cursor.space('a password');
  return { name: 'LOGIN', user, password: cursor.astring('a password') };
}

/**
 * ```abnf
 * authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp]
 * initial-resp = (base64 / "=")
 * ```
 * RFC 9051 §6.2.2. The cursor stands after "AUTHENTICATE".
 */
export function readAuthenticate(cursor: Cursor): AuthenticateCommand {
  cursor.space('a mechanism');
  const mechanism = cursor.keyword('a mechanism');
  if (!cursor.more()) return { name: 'AUTHENTICATE', mechanism };
  const text = Buffer.from(cursor.bytes.toString('latin1', cursor.pos).trimEnd(), 'latin1');
  const isEmpty = text.length === 1 && text[0] === 0x3d;
  const initialResponse = isEmpty ? Buffer.alloc(0) : decodeBase64(text);
  if (initialResponse === undefined || (text.length === 0 && !isEmpty))
    return cursor.reject('the initial response must be base64, or "=" when empty');
  cursor.pos = cursor.bytes.length;
  return { name: 'AUTHENTICATE', mechanism, initialResponse };
}

/**
 * Decodes a line of an AUTHENTICATE exchange. An empty line is an empty response.
 *
 * ```abnf
 * base64          = *(4base64-char) [base64-terminal]
 * base64-terminal = (2base64-char "==") / (3base64-char "=")
 * ```
 *
 * @returns undefined when it is not base64; "*", which cancels, is not
 */
export function decodeBase64(line: Buffer): Buffer | undefined {
  const text = line.toString('latin1');
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}

/**
 * ```abnf
 * id              = "ID" SP id-params-list
 * id-params-list  = "(" [string SP nstring *(SP string SP nstring)] ")" / nil
 * ```
 * At most 30 pairs, fields of 30 bytes and values of 1024 (RFC 2971 §3.3). The cursor stands after "ID".
 */
export function readId(cursor: Cursor): IdCommand {
  cursor.space('NIL or a list of fields and values');
  if (cursor.skipKeyword('NIL')) return { name: 'ID' };
  const fields = new Map<string, string | null>();
  const readPair = (): void => {
    const field = cursor.stringBytes('a field name in quotes');
    cursor.space('a value');
    const value = cursor.nstring('a value in quotes or NIL');
    if (field.length > ID_FIELD_BYTES_MAX || (value?.length ?? 0) > ID_VALUE_BYTES_MAX)
      cursor.reject('a field name has at most 30 bytes and a value at most 1024');
    fields.set(cursor.text(field).toLowerCase(), value);
  };
  cursor.list('fields and values', ID_PAIRS_MAX, readPair, true);
  return { name: 'ID', fields };
}

/** `enable = "ENABLE" 1*(SP capability)` (RFC 9051 §6.3.1). The cursor stands after "ENABLE". */
export function readEnable(cursor: Cursor): EnableCommand {
  const capabilities: string[] = [];
  cursor.space('a capability');
  do {
    if (capabilities.length === CAPABILITIES_MAX)
      cursor.reject(`more than ${CAPABILITIES_MAX} capabilities`);
    capabilities.push(cursor.keyword('a capability'));
  } while (cursor.more());
  return { name: 'ENABLE', capabilities };
}
