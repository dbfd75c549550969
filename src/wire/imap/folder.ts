import { SPECIAL_USES, type SpecialUse } from '#model';
import * as c from './chars.ts';
import { readMailbox } from './mailbox.ts';
import type { Cursor } from './parser.ts';

const USES_MAX = 16;
export interface CreateCommand {
  readonly name: 'CREATE';
  readonly mailbox: string;
  readonly uses: readonly SpecialUse[];
}

export interface RenameCommand {
  readonly name: 'RENAME';
  readonly from: string;
  readonly to: string;
}

export interface FolderCommand {
  readonly name: 'DELETE' | 'SUBSCRIBE' | 'UNSUBSCRIBE';
  readonly mailbox: string;
}

/** The canonical spelling of a special use; undefined when there is none of that name. */
export function specialUse(name: string): SpecialUse | undefined {
  const lower = name.toLowerCase();
  return SPECIAL_USES.find((use) => use.toLowerCase() === lower);
}

/**
 * ```abnf
 * create       = "CREATE" SP mailbox [SP "(" create-param *(SP create-param) ")"]
 * create-param = "USE" SP "(" [use-attr *(SP use-attr)] ")"
 * use-attr     = "\All" / "\Archive" / "\Drafts" / "\Flagged" / "\Junk" / "\Sent" / "\Trash" / …
 * ```
 * RFC 9051 §6.3.4, RFC 6154 §6: a use that is not known is refused with NO [USEATTR]. The cursor stands
 * after "CREATE".
 */
export function readCreate(cursor: Cursor): CreateCommand {
  cursor.space('a mailbox name');
  const mailbox = readMailbox(cursor);
  const uses = new Set<SpecialUse>();
  const readParameter = (): void => {
    if (!cursor.skipKeyword('USE')) cursor.fail('USE');
    cursor.space('a list of special uses');
    for (const use of cursor.list('special uses', USES_MAX, () => readUse(cursor), true))
      uses.add(use);
  };
  if (cursor.more()) cursor.list('parameters', 4, readParameter);
  return { name: 'CREATE', mailbox, uses: [...uses] };
}

function readUse(cursor: Cursor): SpecialUse {
  cursor.expect(c.BACKSLASH, 'a special use such as \\Sent');
  const name = `\\${cursor.atom('the name of a special use')}`;
  return (
    specialUse(name) ??
    cursor.reject(`${name} is no special use; there are ${SPECIAL_USES.join(' ')}`, 'NO', 'USEATTR')
  );
}

/** `rename = "RENAME" SP mailbox SP mailbox`. The cursor stands after "RENAME". */
export function readRename(cursor: Cursor): RenameCommand {
  cursor.space('a mailbox name');
  const from = readMailbox(cursor);
  cursor.space('the new mailbox name');
  return { name: 'RENAME', from, to: readMailbox(cursor) };
}

/** `("DELETE" / "SUBSCRIBE" / "UNSUBSCRIBE") SP mailbox`. The cursor stands after the command's name. */
export function readFolder(cursor: Cursor, name: FolderCommand['name']): FolderCommand {
  cursor.space('a mailbox name');
  return { name, mailbox: readMailbox(cursor) };
}
