import type { MailboxId } from './ids.ts';

/**
 * Rights on a folder (RFC 4314 §2.1), in the order in which they are kept and told: lookup, read, keep \Seen, write other flags, insert,
 * post, create folders below, delete the folder, delete messages (\Deleted), expunge, administer.
 */
const LETTERS = 'lrswipkxtea';

export type Right = 'l' | 'r' | 's' | 'w' | 'i' | 'p' | 'k' | 'x' | 't' | 'e' | 'a';

declare const brand: unique symbol;
/** A set of rights: their letters, each once, in order. */
export type Rights = string & { readonly [brand]: 'Rights' };

export const NO_RIGHTS = '' as Rights;
/** What an owner has. */
export const ALL_RIGHTS: Rights = LETTERS as Rights;

/** In place of a mailbox's id where rights are granted to everybody. */
export const ANYONE = 0 as MailboxId;

/** RFC 4314 §2.1.1: what the letters of RFC 2086 stand for. */
const OBSOLETE: ReadonlyMap<string, string> = new Map([
  ['c', 'kx'],
  ['d', 'te'],
]);

/** How a grant is changed (RFC 4314 §3.1). */
export type RightsOperation = 'replace' | 'add' | 'remove';

/** Reads rights as a client or administrator writes them, `c` and `d` included; undefined when a letter is no right. */
export function parseRights(text: string): Rights | undefined {
  let letters = '';
  for (const letter of text) {
    const meant = OBSOLETE.get(letter) ?? letter;
    if (!LETTERS.includes(meant) && !OBSOLETE.has(letter)) return undefined;
    letters += meant;
  }
  return ordered((letter) => letters.includes(letter));
}

/** Rights as they are told: with `c` and `d`, when one of those that they stand for is there (RFC 4314 §2.1.1). */
export function tellRights(rights: Rights): string {
  let told: string = rights;
  for (const [letter, meant] of OBSOLETE)
    if ([...meant].some((each) => rights.includes(each))) told += letter;
  return told;
}

export function hasRight(rights: Rights, right: Right): boolean {
  return rights.includes(right);
}

/** Rights of the first set, of the second, or of both. */
export function joinRights(some: Rights, others: Rights): Rights {
  return ordered((letter) => some.includes(letter) || others.includes(letter));
}

/** Rights of the first set that the second has not. */
export function withoutRights(rights: Rights, taken: Rights): Rights {
  return ordered((letter) => rights.includes(letter) && !taken.includes(letter));
}

/** A grant after a change of it. */
export function changeRights(before: Rights, operation: RightsOperation, rights: Rights): Rights {
  if (operation === 'replace') return rights;
  return operation === 'add' ? joinRights(before, rights) : withoutRights(before, rights);
}

function ordered(has: (letter: string) => boolean): Rights {
  let rights = '';
  for (const letter of LETTERS) if (has(letter)) rights += letter;
  return rights as Rights;
}
