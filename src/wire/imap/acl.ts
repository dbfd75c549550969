import { parseRights, type Rights, type RightsOperation } from '#model';
import * as c from './chars.ts';
import { encodeAstring, encodeMailbox, wireOf } from './encode.ts';
import { readMailbox } from './mailbox.ts';
import { type Cursor, printable } from './parser.ts';

export interface SetAclCommand {
  readonly name: 'SETACL';
  readonly mailbox: string;
  readonly identifier: string;
  readonly operation: RightsOperation;
  readonly rights: Rights;
}

/** A command about what one identifier may do. */
export interface IdentifierCommand {
  readonly name: 'DELETEACL' | 'LISTRIGHTS';
  readonly mailbox: string;
  readonly identifier: string;
}

export interface RightsCommand {
  readonly name: 'GETACL' | 'MYRIGHTS';
  readonly mailbox: string;
}

/**
 * ```abnf
 * setacl     = "SETACL" SP mailbox SP identifier SP mod-rights
 * mod-rights = astring    ; +rights to add, -rights to remove, rights to replace
 * rights     = astring    ; only lowercase ASCII letters and digits are allowed
 * ```
 * RFC 4314 §7. A right that is not known is BAD (§3.1). The cursor stands after "SETACL".
 */
export function readSetAcl(cursor: Cursor): SetAclCommand {
  const { mailbox, identifier } = readIdentified(cursor);
  cursor.space('rights');
  const given = cursor.astring('rights');
  const operation = given.startsWith('+') ? 'add' : given.startsWith('-') ? 'remove' : 'replace';
  const letters = operation === 'replace' ? given : given.slice(1);
  const rights =
    parseRights(letters) ??
    cursor.reject(`"${printable(wireOf(letters))}" are no rights; there are lrswipkxtea, c and d`);
  return { name: 'SETACL', mailbox, identifier, operation, rights };
}

/**
 * ```abnf
 * deleteacl  = "DELETEACL" SP mailbox SP identifier
 * listrights = "LISTRIGHTS" SP mailbox SP identifier
 * ```
 * The cursor stands after the command's name.
 */
export function readAboutIdentifier(
  cursor: Cursor,
  name: IdentifierCommand['name'],
): IdentifierCommand {
  return { name, ...readIdentified(cursor) };
}

/** `("GETACL" / "MYRIGHTS") SP mailbox`. The cursor stands after the command's name. */
export function readAboutRights(cursor: Cursor, name: RightsCommand['name']): RightsCommand {
  cursor.space('a mailbox name');
  return { name, mailbox: readMailbox(cursor) };
}

/** `mailbox SP identifier`, where `identifier = astring` is not empty (RFC 4314 §3). */
function readIdentified(cursor: Cursor): { mailbox: string; identifier: string } {
  cursor.space('a mailbox name');
  const mailbox = readMailbox(cursor);
  cursor.space('an identifier');
  const identifier = cursor.astring('an identifier');
  return identifier === '' ? cursor.reject('an identifier is not empty') : { mailbox, identifier };
}

/** An identifier with its rights. */
export interface IdentifierRights {
  readonly identifier: string;
  readonly rights: string;
}

/** What the responses of RFC 4314 say, told apart by `type`. */
export type AclData =
  | {
      readonly type: 'ACL';
      readonly mailbox: string;
      readonly entries: readonly IdentifierRights[];
    }
  | {
      readonly type: 'LISTRIGHTS';
      readonly mailbox: string;
      readonly identifier: string;
      /** What the identifier has whatever is granted. */
      readonly required: string;
      /** What it may be granted; the letters of one go together. */
      readonly optional: readonly string[];
    }
  | { readonly type: 'MYRIGHTS'; readonly mailbox: string; readonly rights: string };

/**
 * ```abnf
 * acl-data        = "ACL" SP mailbox *(SP identifier SP rights)
 * listrights-data = "LISTRIGHTS" SP mailbox SP identifier SP rights *(SP rights)
 * myrights-data   = "MYRIGHTS" SP mailbox SP rights
 * ```
 */
export function encodeAclData(data: AclData, utf8: boolean): string {
  const text = (value: string): string => encodeAstring(wireOf(value), utf8);
  const start = `* ${data.type} ${encodeMailbox(data.mailbox, utf8)}`;
  return `${[start, ...argumentsOf(data).map(text)].join(' ')}\r\n`;
}

function argumentsOf(data: AclData): readonly string[] {
  switch (data.type) {
    case 'ACL':
      return data.entries.flatMap(({ identifier, rights }) => [identifier, rights]);
    case 'LISTRIGHTS':
      return [data.identifier, data.required, ...data.optional];
    case 'MYRIGHTS':
      return [data.rights];
  }
}

/** Reads what `encodeAclData` writes. The cursor stands after the name. */
export function readAclData(cursor: Cursor, type: AclData['type']): AclData {
  cursor.space('a mailbox name');
  const mailbox = readMailbox(cursor);
  const texts: string[] = [];
  while (cursor.skip(c.SP)) texts.push(cursor.astring('an identifier or rights'));
  const [first, second, ...rest] = texts;
  switch (type) {
    case 'ACL': {
      if (texts.length % 2 !== 0) return cursor.fail('rights');
      const entries: IdentifierRights[] = [];
      for (let at = 0; at < texts.length; at += 2)
        entries.push({ identifier: texts[at]!, rights: texts[at + 1]! });
      return { type, mailbox, entries };
    }
    case 'LISTRIGHTS':
      if (second === undefined) return cursor.fail('an identifier and rights');
      return { type, mailbox, identifier: first!, required: second, optional: rest };
    case 'MYRIGHTS':
      if (first === undefined || second !== undefined) return cursor.fail('rights');
      return { type, mailbox, rights: first };
  }
}
