import { encodeThreads, type ThreadCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { passedOverCode } from '../gone.ts';
import { compileSearch } from '../search/compile.ts';
import { runSearch } from '../search/folder-search.ts';
import { scopeOf } from '../search/session-scope.ts';
import { joinInSlices, Slices } from '../search/slices.ts';
import type { Session } from '../session.ts';
import { threadBySubject } from '../thread/ordered-subject.ts';
import { ReferenceLinks } from '../thread/reference-links.ts';
import { threadByReferences } from '../thread/references.ts';
import { readThreadRows } from '../thread/thread-rows.ts';

/**
 * THREAD and UID THREAD (RFC 5256 §3) by ORDEREDSUBJECT and REFERENCES.
 *
 * @throws {connection-closed}, {shutting-down} when nobody waits for the result any more
 */
export async function thread(session: Session, command: ThreadCommand): Promise<Completion> {
  const { uid, key, algorithm } = command;
  const scope = scopeOf(session);
  const plan = compileSearch(key, scope);
  if (plan.reportsModSeq) session.enableCondstore();
  const { seqs, passedOver } = await runSearch(plan, scope);
  const slices = new Slices(() => scope.checkPeer());
  const links = new ReferenceLinks();
  const byReferences = algorithm === 'REFERENCES';
  const rows = await readThreadRows(
    scope,
    seqs,
    slices,
    byReferences ? (ids) => links.add(ids) : undefined,
  );
  const lists = byReferences ? threadByReferences(links, rows) : threadBySubject(rows);
  const numbers = new Uint32Array(lists.firstChild.length);
  rows.places.forEach((place, row) => {
    const seq = seqs[place]!;
    numbers[row] = uid ? scope.uids[seq - 1]! : seq;
  });
  const { firstRoot, firstChild, nextSibling } = lists;
  const pieces = encodeThreads({ firstRoot, firstChild, nextSibling, numbers });
  session.write(await joinInSlices(pieces, slices));
  return ok(`${uid ? 'UID ' : ''}THREAD completed`, passedOverCode(session, passedOver));
}
