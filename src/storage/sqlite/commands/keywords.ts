import { PosthornError } from '#kernel';
import type { MailboxId } from '#model';
import type { Transaction } from '../transaction.ts';

/** Keywords that one mailbox may know; a client that makes up more is told so. */
const KEYWORDS_MAX = 1000;

const SELECT_KEYWORD = 'SELECT name FROM keyword WHERE mailbox_id = ? AND folded = ?';
const COUNT_KEYWORDS = 'SELECT count(*) FROM keyword WHERE mailbox_id = ?';
const INSERT_KEYWORD = 'INSERT INTO keyword(mailbox_id, folded, name) VALUES (?, ?, ?)';

/**
 * Gives keywords in the letter case in which the mailbox saw them first (they are case-insensitive, RFC 9051 §2.3.2),
 * sorted, in the stored form ` a b `. @throws {too-many} before anything was written.
 */
export function internKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): string {
  if (keywords.length === 0) return ' ';
  const { known, unknown } = lookUp(tx, mailboxId, keywords);
  if (unknown.size > 0) {
    const count = tx.sql.row(COUNT_KEYWORDS, mailboxId)?.[0] as number;
    if (count + unknown.size > KEYWORDS_MAX)
      throw new PosthornError('too-many', `a mailbox knows at most ${KEYWORDS_MAX} keywords`);
    for (const [folded, name] of unknown) {
      tx.sql.run(INSERT_KEYWORD, mailboxId, folded, name);
      known.add(name);
    }
  }
  return storedForm(known);
}

/** The same for those the mailbox knows already, passing over the others. */
export function knownKeywords(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): string {
  return storedForm(lookUp(tx, mailboxId, keywords).known);
}

/** Stored keywords with others, in the stored form both. */
export function withKeywords(stored: string, others: string): string {
  return stored === ' ' ? others : storedForm(namesOf(stored).union(namesOf(others)));
}

/** Stored keywords without others, in the stored form both. */
export function withoutKeywords(stored: string, others: string): string {
  return stored === ' ' ? stored : storedForm(namesOf(stored).difference(namesOf(others)));
}

/** The names of a stored form. */
export function namesOf(stored: string): Set<string> {
  return new Set(stored === ' ' ? [] : stored.slice(1, -1).split(' '));
}

function storedForm(names: ReadonlySet<string>): string {
  return names.size === 0 ? ' ' : ` ${[...names].sort().join(' ')} `;
}

function lookUp(
  tx: Transaction,
  mailboxId: MailboxId,
  keywords: readonly string[],
): { readonly known: Set<string>; readonly unknown: ReadonlyMap<string, string> } {
  const known = new Set<string>();
  const unknown = new Map<string, string>();
  for (const keyword of keywords) {
    const folded = keyword.toLowerCase();
    const row = tx.sql.row(SELECT_KEYWORD, mailboxId, folded);
    if (row !== undefined) known.add(row[0] as string);
    else if (!unknown.has(folded)) unknown.set(folded, keyword);
  }
  return { known, unknown };
}
