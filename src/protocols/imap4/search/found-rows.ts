import type { SeqNum } from '#model';
import type { Entry, EntryColumns } from '#store';
import { uidRangesOf } from './grouping.ts';
import type { SearchScope } from './scope.ts';
import type { Slices } from './slices.ts';

/** What reading a row is taken to cost, in bytes gone through. */
const ROW_COST_BYTES = 512;

export interface RowsWanted {
  readonly columns: EntryColumns;
  /** Rows read at once. */
  readonly batch: number;
}

/**
 * Reads the rows of messages that a search found, in batches, lowest first. Those that vanished meanwhile are left out.
 *
 * @param seqs ascending
 */
export async function* foundRows(
  scope: SearchScope,
  seqs: readonly SeqNum[],
  { columns, batch }: RowsWanted,
  slices: Slices,
): AsyncGenerator<readonly (readonly [index: number, entry: Entry])[]> {
  for (let from = 0; from < seqs.length; from += batch) {
    const group = seqs.slice(from, from + batch).map((seq) => ({ seq, uid: scope.uids[seq - 1]! }));
    const rows: (readonly [number, Entry])[] = [];
    for (let next = 0; next < group.length; ) {
      const entries = await scope.mailbox.entries({
        folderId: scope.folderId,
        uids: uidRangesOf(group, next),
        columns,
        limit: batch,
      });
      for (const entry of entries) {
        while (next < group.length && group[next]!.uid < entry.uid) next++;
        if (group[next]?.uid === entry.uid) rows.push([from + next++, entry]);
      }
      if (entries.length < batch) break;
    }
    await slices.spend(group.length * ROW_COST_BYTES);
    yield rows;
  }
}
