import type { SQLInputValue } from 'node:sqlite';
import { ALL_FLAGS, Flag, type Uid } from '#model';
import type { FlagsStored, StoreFlags } from '../../commands.ts';
import { RANGES, rangesJson } from '../ranges.ts';
import type { Transaction } from '../transaction.ts';
import { internKeywords, knownKeywords } from './keywords.ts';

/** SQL for the new flags and keywords, and for whether an entry would change, each with the values of its `?`. */
interface Edit {
  readonly flags: string;
  readonly keywords: string;
  readonly differs: string;
  readonly flagsValues: readonly SQLInputValue[];
  readonly keywordValues: readonly SQLInputValue[];
  readonly differsValues: readonly SQLInputValue[];
}

/** Changes flags and keywords of the entries that differ, in one set-based statement. */
export function storeFlags(tx: Transaction, command: StoreFlags): FlagsStored {
  const mailbox = tx.mailbox(command.mailboxId);
  const folder = tx.folder(command);
  const edit = editOf(tx, command);
  const ranges = rangesJson(command.uids);
  const place = [ranges, command.mailboxId, command.folderId];
  const modified = modifiedSince(tx, command, place);
  const limit = command.unchangedSince ?? Number.MAX_SAFE_INTEGER;
  const where = `e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN r.lo AND r.hi
    AND e.modseq <= ? AND (${edit.differs})`;
  const [count, seen, deleted] = tx.sql.row(
    `SELECT count(*), coalesce(sum((e.flags & ${Flag.Seen}) <> 0), 0), coalesce(sum((e.flags & ${Flag.Deleted}) <> 0), 0)
     FROM ${RANGES} AS r CROSS JOIN entry AS e WHERE ${where}`,
    ...place,
    limit,
    ...edit.differsValues,
  ) as number[];
  if (count === 0)
    return { modSeq: folder.highestModSeq as FlagsStored['modSeq'], changed: [], modified };
  const modSeq = tx.nextModSeq(mailbox, folder);
  const rows = tx.sql.rows(
    // The uids are found first: joined to the ranges, SQLite would scan the folder once for each of them.
    `UPDATE entry AS e SET flags = ${edit.flags}, keywords = ${edit.keywords}, modseq = ?
     WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid IN (
       SELECT e.uid FROM ${RANGES} AS r CROSS JOIN entry AS e WHERE ${where})
     RETURNING uid, flags`,
    ...edit.flagsValues,
    ...edit.keywordValues,
    modSeq,
    command.mailboxId,
    command.folderId,
    ...place,
    limit,
    ...edit.differsValues,
  );
  const changed: Uid[] = [];
  for (const [uid, flags] of rows) {
    changed.push(uid as Uid);
    if (((flags as number) & Flag.Seen) === 0) folder.unseen++;
    if (((flags as number) & Flag.Deleted) !== 0) folder.deleted++;
  }
  folder.unseen -= count! - seen!;
  folder.deleted -= deleted!;
  changed.sort((a, b) => a - b);
  tx.logChange(folder, modSeq, 'f', changed);
  return { modSeq, changed, modified };
}

function modifiedSince(
  tx: Transaction,
  command: StoreFlags,
  place: readonly SQLInputValue[],
): readonly Uid[] {
  if (command.unchangedSince === undefined) return [];
  const rows = tx.sql.rows(
    `SELECT e.uid FROM ${RANGES} AS r CROSS JOIN entry AS e
     WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN r.lo AND r.hi AND e.modseq > ?`,
    ...place,
    command.unchangedSince,
  );
  return rows.map((row) => row[0] as Uid);
}

function editOf(tx: Transaction, command: StoreFlags): Edit {
  const { operation, mailboxId, within = ALL_FLAGS } = command;
  const known = operation === 'remove' ? knownKeywords : internKeywords;
  const keywords = known(tx, mailboxId, within.keywords ? command.keywords : []);
  const flags = command.flags & within.flags;
  if (operation === 'replace') {
    const kept = ALL_FLAGS.flags & ~within.flags;
    const place = within.keywords ? '?' : 'e.keywords';
    const keywordValues = within.keywords ? [keywords] : [];
    return {
      flags: 'e.flags & ? | ?',
      keywords: place,
      differs: `e.flags <> (e.flags & ? | ?) OR e.keywords <> ${place}`,
      flagsValues: [kept, flags],
      keywordValues,
      differsValues: [kept, flags, ...keywordValues],
    };
  }
  const differs = operation === 'remove' ? 'e.flags & ? <> 0' : 'e.flags | ? <> e.flags';
  const edit = {
    flags: operation === 'remove' ? 'e.flags & ~?' : 'e.flags | ?',
    flagsValues: [flags],
  };
  if (keywords === ' ')
    return { ...edit, keywords: 'e.keywords', differs, keywordValues: [], differsValues: [flags] };
  const edited = `${operation === 'remove' ? 'keywords_without' : 'keywords_with'}(e.keywords, ?)`;
  return {
    ...edit,
    keywords: edited,
    differs: `${differs} OR ${edited} <> e.keywords`,
    keywordValues: [keywords],
    differsValues: [flags, keywords],
  };
}
