import { isPosthornError, PosthornError } from '#kernel';
import type { MailboxId } from '#model';
import { textArray } from '../literals.ts';
import type { Transaction } from '../transaction.ts';

/** Keywords that one mailbox may know; a client that makes up more is told so. */
const KEYWORDS_MAX = 1000;

const SELECT_KEYWORDS =
  'SELECT folded, name FROM keyword WHERE mailbox_id = $1 AND folded = ANY($2::text[])';
const COUNT_KEYWORDS = 'SELECT count(*) FROM keyword WHERE mailbox_id = $1';
const INSERT_KEYWORDS = `INSERT INTO keyword(mailbox_id, folded, name)
  SELECT $1::bigint, * FROM unnest($2::text[], $3::text[])`;

/**
 * Gives keywords in the letter case in which the mailbox saw them first (they are case-insensitive, RFC 9051 §2.3.2),
 * sorted, in the stored form ` a b `. @throws {too-many} before anything was written.
 */
export async function internKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): Promise<string> {
  if (keywords.length === 0) return ' ';
  const { known, unknown } = await lookUp(tx, mailboxId, keywords);
  if (unknown.size > 0) {
    await requireRoomForKeywords(tx, mailboxId, unknown.size);
    await tx.write(
      INSERT_KEYWORDS,
      mailboxId,
      textArray([...unknown.keys()]),
      textArray([...unknown.values()]),
    );
    for (const name of unknown.values()) known.add(name);
  }
  return storedForm(known);
}

/** The same for those the mailbox knows already, passing over the others. */
export async function knownKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): Promise<string> {
  if (keywords.length === 0) return ' ';
  return storedForm((await lookUp(tx, mailboxId, keywords)).known);
}

/** @throws {too-many} when the mailbox cannot learn these keywords; nothing is written. */
export async function checkKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): Promise<void> {
  if (keywords.length === 0) return;
  const { unknown } = await lookUp(tx, mailboxId, keywords);
  if (unknown.size > 0) await requireRoomForKeywords(tx, mailboxId, unknown.size);
}

/** Those of the keywords that the mailbox can have: all, or when it cannot learn them none. */
export async function fitKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): Promise<readonly string[]> {
  try {
    await checkKeywords(tx, mailboxId, keywords);
    return keywords;
  } catch (error) {
    if (!isPosthornError(error, 'too-many')) throw error;
    return [];
  }
}

async function requireRoomForKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  more: number,
): Promise<void> {
  const [row] = await tx.select(COUNT_KEYWORDS, mailboxId);
  if ((row?.[0] as number) + more > KEYWORDS_MAX)
    throw new PosthornError('too-many', `a mailbox knows at most ${KEYWORDS_MAX} keywords`);
}

/** The names of a stored form. */
export function namesOf(stored: string): Set<string> {
  return new Set(stored === ' ' ? [] : stored.slice(1, -1).split(' '));
}

function storedForm(names: ReadonlySet<string>): string {
  return names.size === 0 ? ' ' : ` ${[...names].sort().join(' ')} `;
}

async function lookUp(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): Promise<{ readonly known: Set<string>; readonly unknown: ReadonlyMap<string, string> }> {
  const folded = new Map<string, string>();
  for (const keyword of keywords)
    if (!folded.has(keyword.toLowerCase())) folded.set(keyword.toLowerCase(), keyword);
  const rows = await tx.select(SELECT_KEYWORDS, mailboxId, textArray([...folded.keys()]));
  const known = new Set<string>();
  for (const [key, name] of rows) {
    known.add(name as string);
    folded.delete(key as string);
  }
  return { known, unknown: folded };
}
