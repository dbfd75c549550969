import { assert, isPosthornError, PosthornError } from '#kernel';
import type { MailboxId } from '#model';
import { textArray } from '../literals.ts';
import { noteKeywords, SELECT_KEYWORDS } from '../state.ts';
import type { Transaction } from '../transaction.ts';

/** Keywords that one mailbox may know; a client that makes up more is told so. */
const KEYWORDS_MAX = 1000;

/**
 * Gives keywords in the letter case in which the mailbox saw them first (they are case-insensitive, RFC 9051 §2.3.2),
 * sorted, in the stored form ` a b `. They are in the transaction's scope, or were read by `readKeywords`.
 * @throws {too-many} before anything was written.
 */
export function internKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): string {
  if (keywords.length === 0) return ' ';
  const unknown = checkKeywords(tx, mailboxId, keywords);
  const mailbox = tx.mailbox(mailboxId);
  mailbox.keywordCount += unknown.size;
  for (const [folded, name] of unknown) {
    mailbox.keywords.set(folded, name);
    tx.rows.addKeyword(mailboxId, folded, name);
  }
  return knownKeywords(tx, mailboxId, keywords);
}

/** The same for those the mailbox knows already, passing over the others. */
export function knownKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): string {
  const known = new Set<string>();
  for (const keyword of keywords) {
    const name = nameOf(tx, mailboxId, keyword.toLowerCase());
    if (name !== undefined) known.add(name);
  }
  return storedForm(known);
}

/**
 * Gives those that the mailbox does not know, by their folded form. Writes nothing.
 * @throws {too-many} when the mailbox cannot learn them
 */
export function checkKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): ReadonlyMap<string, string> {
  const unknown = new Map<string, string>();
  for (const keyword of keywords) {
    const folded = keyword.toLowerCase();
    if (!unknown.has(folded) && nameOf(tx, mailboxId, folded) === undefined)
      unknown.set(folded, keyword);
  }
  if (unknown.size > 0 && tx.mailbox(mailboxId).keywordCount + unknown.size > KEYWORDS_MAX)
    throw new PosthornError('too-many', `a mailbox knows at most ${KEYWORDS_MAX} keywords`);
  return unknown;
}

/** Those of the keywords that the mailbox can have: all, or when it cannot learn them none. */
export function fitKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): readonly string[] {
  try {
    checkKeywords(tx, mailboxId, keywords);
    return keywords;
  } catch (error) {
    if (!isPosthornError(error, 'too-many')) throw error;
    return [];
  }
}

/** Reads what the mailbox knows of keywords that were not in the transaction's scope. */
export async function readKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): Promise<void> {
  const mailbox = tx.mailbox(mailboxId);
  const folded = new Set(keywords.map((keyword) => keyword.toLowerCase()));
  const asked = [...folded].filter((keyword) => !mailbox.keywords.has(keyword));
  if (asked.length === 0) return;
  // Those that are new must be among those it counts.
  await tx.flushRows();
  noteKeywords(mailbox, await tx.select(SELECT_KEYWORDS, mailboxId, textArray(asked)));
}

/** The names of a stored form. */
export function namesOf(stored: string): Set<string> {
  return new Set(stored === ' ' ? [] : stored.slice(1, -1).split(' '));
}

function storedForm(names: ReadonlySet<string>): string {
  return names.size === 0 ? ' ' : ` ${[...names].sort().join(' ')} `;
}

function nameOf(tx: Transaction, mailboxId: MailboxId, folded: string): string | undefined {
  const { keywords } = tx.mailbox(mailboxId);
  assert(keywords.has(folded), 'the keyword was read before');
  return keywords.get(folded);
}
