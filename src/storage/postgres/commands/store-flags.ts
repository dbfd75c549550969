import { ALL_FLAGS, Flag, type ModSeq, type Uid } from '#model';
import type { FlagsStored, StoreFlags } from '../../commands.ts';
import type { Statement } from '../connection.ts';
import { rangesLiteral, uidsIn } from '../literals.ts';
import type { Transaction } from '../transaction.ts';
import { internKeywords, knownKeywords } from './keywords.ts';

/**
 * Whether an entry `e` is of a folder and in ranges: $1 mailbox, $2 folder, $3 ranges. One walk by the key from the first range to the
 * last, each entry looked up in them; a join to a table of ranges compares each of many thousands with the whole folder.
 */
export const IN_RANGES = `e.mailbox_id = $1 AND e.folder_id = $2 AND e.uid >= lower($3::int8multirange)
  AND e.uid < upper($3::int8multirange) AND e.uid <@ $3::int8multirange`;

const SELECT_MODIFIED = `SELECT range_agg(int8range(e.uid, e.uid, '[]'))::text FROM entry AS e WHERE ${IN_RANGES} AND e.modseq > $4`;

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
  // $8 flags that stay as they are, $9 whether the keywords do.
  'replace-within': {
    flags: 'e.flags & $8::integer | $4::integer',
    keywords: 'CASE WHEN $9::boolean THEN e.keywords ELSE $5::text END',
  },
} as const;

function updateOf({ flags, keywords }: { flags: string; keywords: string }): string {
  const differs = `${IN_RANGES} AND e.modseq <= $7 AND (e.flags <> (${flags})::integer OR e.keywords <> ${keywords})`;
  // Both parts see the entries as they were before.
  return `WITH counted AS (
      SELECT coalesce(sum((e.flags & ${Flag.Seen} = 0)::integer - ((${flags}) & ${Flag.Seen} = 0)::integer), 0)::bigint AS seen,
        coalesce(sum(((${flags}) & ${Flag.Deleted} <> 0)::integer - (e.flags & ${Flag.Deleted} <> 0)::integer), 0)::bigint AS deleted
      FROM entry AS e WHERE ${differs}
    ), done AS (
      UPDATE entry AS e SET flags = (${flags})::integer, keywords = ${keywords}, modseq = $6 WHERE ${differs} RETURNING e.uid
    )
    SELECT (SELECT range_agg(int8range(uid, uid, '[]'))::text FROM done), seen, deleted FROM counted`;
}

const UPDATES = {
  add: updateOf(EDITS.add),
  remove: updateOf(EDITS.remove),
  replace: updateOf(EDITS.replace),
  'replace-within': updateOf(EDITS['replace-within']),
};

/** Changes flags and keywords of the entries that differ, in one set-based statement. */
export async function storeFlags(tx: Transaction, command: StoreFlags): Promise<FlagsStored> {
  const mailbox = tx.mailbox(command.mailboxId);
  const folder = tx.folder(command);
  const { highestModSeq } = folder;
  const { operation, mailboxId, folderId, within = ALL_FLAGS } = command;
  const known = operation === 'remove' ? knownKeywords : internKeywords;
  const keywords = known(tx, mailboxId, within.keywords ? command.keywords : []);
  const place = [mailboxId, folderId, rangesLiteral(command.uids)] as const;
  const isPart = operation === 'replace' && command.within !== undefined;
  const kept = isPart ? [ALL_FLAGS.flags & ~within.flags, !within.keywords] : [];
  const modSeq = tx.reserveModSeq(mailbox);
  const { unchangedSince } = command;
  const update: Statement = [
    UPDATES[isPart ? 'replace-within' : operation],
    ...place,
    command.flags & within.flags,
    keywords,
    modSeq,
    unchangedSince ?? Number.MAX_SAFE_INTEGER,
    ...kept,
  ];
  // Those that were modified are looked for before the update modifies others.
  const look: readonly Statement[] =
    unchangedSince === undefined ? [] : [[SELECT_MODIFIED, ...place, unchangedSince]];
  const answers = await tx.writeEntries([...look, update]);
  const [ranges, seen, deleted] = answers.at(-1)![0] as [string | null, number, number];
  const modified = look.length === 0 ? [] : uidsIn(answers[0]![0]![0] as string | null);
  const changed: readonly Uid[] = uidsIn(ranges);
  if (changed.length === 0) return { modSeq: highestModSeq as ModSeq, changed, modified };
  tx.useModSeq(mailbox, folder, modSeq);
  folder.unseen -= seen;
  folder.deleted += deleted;
  tx.logChange({ mailboxId, modSeq, folderId, kind: 'f', uids: changed });
  return { modSeq, changed, modified };
}
