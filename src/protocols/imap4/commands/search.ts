import { PosthornError } from '#kernel';
import type { Uid } from '#model';
import type { SearchCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { newestNumbers, tellLimit } from '../message-limit.ts';
import { compileSearch } from '../search/compile.ts';
import { type Found, runSearch } from '../search/folder-search.ts';
import { encodeFound, goalOf, savedRanges, uidsOf } from '../search/result.ts';
import type { SearchScope } from '../search/scope.ts';
import type { Session } from '../session.ts';

/**
 * SEARCH and UID SEARCH (RFC 9051 §6.4.4), with ESEARCH (RFC 4731), SEARCHRES (RFC 5182), WITHIN (RFC 5032),
 * CONDSTORE (RFC 7162 §3.1.5), SAVEDATE (RFC 8514) and OBJECTID (RFC 8474). A charset that is not known was refused
 * when the command was read.
 *
 * @throws {connection-closed}, {shutting-down} when nobody waits for the result any more
 */
export async function search(session: Session, command: SearchCommand): Promise<Completion> {
  const { key, uid, returnOptions: options } = command;
  const scope = scopeOf(session);
  const compiled = compileSearch(key, scope);
  const { messageLimit } = session.server.limits;
  const { bounds, lowest } = newestNumbers(compiled.bounds, messageLimit);
  const plan = { ...compiled, bounds };
  if (plan.reportsModSeq) session.enableCondstore();
  const saves = options?.has('SAVE') === true;
  let found: Found;
  try {
    found = await runSearch(plan, scope, goalOf(options));
  } catch (error) {
    // RFC 9051 §6.4.4.1: a search with SAVE that fails leaves "$" empty.
    if (saves) session.savedResult = [];
    throw error;
  }
  if (saves) session.savedResult = savedRanges(found, scope.uids);
  const numbers = uid ? uidsOf(found, scope.uids) : found.seqs;
  const { tag, rev2 } = session;
  session.write(encodeFound({ tag, uid, options, rev2 }, numbers, found.modSeq));
  const completion = ok(uid ? 'UID SEARCH completed' : 'SEARCH completed');
  return tellLimit(session, completion, lowest && scope.uids[lowest - 1]);
}

function scopeOf(session: Session): SearchScope {
  const { view, mailbox, savedResult, server } = session;
  return {
    mailbox,
    folderId: view.folderId,
    uids: view.uids as ArrayLike<number> as ArrayLike<Uid>,
    saved: savedResult,
    nowMs: server.clock.now(),
    isRecent: (uid) => view.isRecent(uid),
    isGone: (uid) => view.isGone(uid),
    progress: (settled, all) => session.progress?.at(settled, all),
    checkPeer: () => {
      if (session.connection.closed || session.over) throw new PosthornError('connection-closed');
      if (session.stopping) throw new PosthornError('shutting-down');
    },
  };
}
