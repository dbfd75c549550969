import { Flag, type ModSeq, type Uid } from '#model';
import type { FlagsStored, StoreFlags } from '../../commands.ts';
import type { Value } from '../connection.ts';
import { rangesLiteral, uidsIn } from '../literals.ts';
import type { Transaction } from '../transaction.ts';
import { internKeywords, knownKeywords } from './keywords.ts';

/** Entries of a folder in ranges: $1 mailbox, $2 folder, $3 ranges. */
export const IN_RANGES = `unnest($3::int8multirange) AS r CROSS JOIN LATERAL (
    SELECT * FROM entry AS i WHERE i.mailbox_id = $1 AND i.folder_id = $2 AND i.uid >= lower(r) AND i.uid < upper(r)) AS e`;

const SELECT_MODIFIED = `SELECT range_agg(int8range(e.uid, e.uid, '[]'))::text FROM ${IN_RANGES} WHERE e.modseq > $4`;

// $4 flags, $5 keywords in the stored form, $6 modseq, $7 unchangedSince.
const WORDS = "unnest(string_to_array(btrim(e.keywords, ' '), ' '))";
const GIVEN = "unnest(string_to_array(btrim($5, ' '), ' '))";
const STORED = (words: string): string =>
  `coalesce((SELECT ' ' || string_agg(w, ' ' ORDER BY w COLLATE "C") || ' ' FROM (${words}) AS k(w) WHERE w <> ''), ' ')`;
const EDITS = {
  add: {
    flags: 'e.flags | $4',
    keywords: `CASE WHEN $5 = ' ' THEN e.keywords ELSE ${STORED(`SELECT ${WORDS} UNION SELECT ${GIVEN}`)} END`,
  },
  remove: {
    flags: 'e.flags & ~$4::integer',
    keywords: `CASE WHEN $5 = ' ' THEN e.keywords ELSE ${STORED(`SELECT ${WORDS} EXCEPT SELECT ${GIVEN}`)} END`,
  },
  replace: { flags: '$4::integer', keywords: '$5::text' },
} as const;

function updateOf({ flags, keywords }: { flags: string; keywords: string }): string {
  // Materialized: without statistics of a new or fast growing table it would be joined row by row, each time read anew.
  return `WITH edit AS MATERIALIZED (
      SELECT e.uid, e.flags AS was, (${flags})::integer AS flags, ${keywords} AS keywords
      FROM ${IN_RANGES} WHERE e.modseq <= $7 AND (e.flags <> (${flags})::integer OR e.keywords <> ${keywords})
    ), done AS (
      UPDATE entry SET flags = edit.flags, keywords = edit.keywords, modseq = $6 FROM edit
      WHERE entry.mailbox_id = $1 AND entry.folder_id = $2 AND entry.uid = edit.uid
      RETURNING entry.uid, edit.was, entry.flags
    )
    SELECT range_agg(int8range(uid, uid, '[]'))::text,
      coalesce(sum((was & ${Flag.Seen} = 0)::integer - (flags & ${Flag.Seen} = 0)::integer), 0)::bigint,
      coalesce(sum((flags & ${Flag.Deleted} <> 0)::integer - (was & ${Flag.Deleted} <> 0)::integer), 0)::bigint
    FROM done`;
}

const UPDATES = {
  add: updateOf(EDITS.add),
  remove: updateOf(EDITS.remove),
  replace: updateOf(EDITS.replace),
};

/** Changes flags and keywords of the entries that differ, in one set-based statement. */
export async function storeFlags(tx: Transaction, command: StoreFlags): Promise<FlagsStored> {
  const mailbox = tx.mailbox(command.mailboxId);
  const folder = tx.folder(command);
  await tx.flushRows();
  const { operation, mailboxId, folderId } = command;
  const known = operation === 'remove' ? knownKeywords : internKeywords;
  const keywords = await known(tx, mailboxId, command.keywords);
  const place = [mailboxId, folderId, rangesLiteral(command.uids)] as const;
  const modified = await modifiedSince(tx, command, place);
  const [row] = await tx.write(
    UPDATES[operation],
    ...place,
    command.flags,
    keywords,
    mailbox.modSeq + 1,
    command.unchangedSince ?? Number.MAX_SAFE_INTEGER,
  );
  const [ranges, seen, deleted] = row as readonly [string | null, number, number];
  const changed: readonly Uid[] = uidsIn(ranges);
  if (changed.length === 0) return { modSeq: folder.highestModSeq as ModSeq, changed, modified };
  const modSeq = tx.nextModSeq(mailbox, folder);
  folder.unseen -= seen;
  folder.deleted += deleted;
  tx.logChange({ mailboxId, modSeq, folderId, kind: 'f', uids: changed });
  return { modSeq, changed, modified };
}

async function modifiedSince(
  tx: Transaction,
  { unchangedSince }: StoreFlags,
  place: readonly Value[],
): Promise<readonly Uid[]> {
  if (unchangedSince === undefined) return [];
  const [row] = await tx.select(SELECT_MODIFIED, ...place, unchangedSince);
  return uidsIn(row![0] as string | null);
}
