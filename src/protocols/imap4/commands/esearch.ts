import type { Uid } from '#model';
import type { Found } from '#store';
import { type EsearchCommand, type Ranges, responseCode } from '#wire';
import { bad, type Completion, ok } from '../completion.ts';
import { compileSearch } from '../search/compile.ts';
import { runSearch } from '../search/folder-search.ts';
import { encodeFound, goalOf, savedRanges } from '../search/result.ts';
import type { SearchScope } from '../search/scope.ts';
import { checkPeer, scopeOf } from '../search/session-scope.ts';
import { foldersOf, namesSelected } from '../search/sources.ts';
import type { Session } from '../session.ts';

/**
 * ESEARCH (RFC 7377): a search of many folders, one after the other, each with an answer of its own if anything is
 * found there. The selected folder is looked at as the session sees it.
 *
 * @throws {connection-closed}, {shutting-down} when nobody waits for the result any more
 */
export async function esearch(session: Session, command: EsearchCommand): Promise<Completion> {
  const refusal = refusalOf(session, command);
  if (refusal !== undefined) return refusal;
  const { returnOptions: options } = command;
  if (options?.has('SAVE') !== true) return await searchFolders(session, command);
  let saved: Ranges<Uid> = [];
  try {
    return await searchFolders(session, command, (uids) => {
      saved = savedRanges(command, uids);
    });
  } finally {
    // RFC 9051 §6.4.4.1: also a search that fails replaces what "$" stands for, with nothing.
    session.savedResult = saved;
  }
}

/** @param onSelected gets what was found in the selected folder, if that is searched */
async function searchFolders(
  session: Session,
  command: EsearchCommand,
  onSelected?: (uids: readonly Uid[]) => void,
): Promise<Completion> {
  let follows = command.returnOptions?.has('UPDATE') === true;
  for (const found of await foldersOf(session, command.sources)) {
    const isSelected = session.selected && session.view.shows(found.folder);
    const scope = isSelected ? scopeOf(session) : await scopeOfFolder(session, found);
    if (scope === undefined) continue;
    const uids = await searchFolder(session, command, found, scope);
    if (!isSelected) continue;
    onSelected?.(uids);
    if (!follows) continue;
    const { tag } = session;
    const { key, updateItems: items } = command;
    session.contexts.open(session, { tag, uid: true, key, uids, namesMailbox: true, items }, scope);
    follows = false;
  }
  // Only the selected mailbox can be followed, and it was not among those that were searched.
  if (follows) session.say('NO', 'Nothing to follow', responseCode.noUpdate(session.tag));
  return ok('ESEARCH completed');
}

/** RFC 7377 §2.2: what needs a selected mailbox, and what only goes with it alone. */
function refusalOf(session: Session, command: EsearchCommand): Completion | undefined {
  const { sources, returnOptions: options } = command;
  if (namesSelected(sources) && !session.selected) return bad('Select a mailbox first');
  if (options?.has('SAVE') === true && sources.some(({ source }) => source !== 'selected'))
    return bad('SAVE is for the selected mailbox only');
  if (options?.has('UPDATE') !== true) return undefined;
  if (!session.selected) return bad('UPDATE needs a selected mailbox');
  return session.contexts.has(session.tag) ? bad('That tag is in use for updates') : undefined;
}

/** Searches a folder and writes the answer if there is any; gives the uids that were found. */
async function searchFolder(
  session: Session,
  command: EsearchCommand,
  { mailbox, folder }: Found,
  scope: SearchScope,
): Promise<readonly Uid[]> {
  const plan = compileSearch(command.key, scope);
  if (plan.reportsModSeq) session.enableCondstore();
  const { seqs, modSeqs } = await runSearch(plan, scope, goalOf(command));
  const uids = seqs.map((seq) => scope.uids[seq - 1]!);
  if (uids.length > 0) {
    const { tag, rev2, utf8 } = session;
    const named = { name: mailbox.prefix + folder.name, uidValidity: folder.uidValidity };
    const correlator = { tag, mailbox: named };
    const form = { command: 'ESEARCH', correlator, uid: true, returns: command, rev2 } as const;
    for (const piece of encodeFound({ ...form, utf8Names: utf8 }, { numbers: uids, modSeqs }))
      session.write(piece);
  }
  await session.breathe();
  scope.checkPeer();
  return uids;
}

/** A folder that is not selected, as it is now; undefined when it is gone meanwhile. "$" names nothing there. */
async function scopeOfFolder(
  session: Session,
  { mailbox, folder: { folderId } }: Found,
): Promise<SearchScope | undefined> {
  const opened = await mailbox.openFolder(folderId);
  if (opened === undefined) return undefined;
  return {
    mailbox,
    folderId,
    uids: opened.uids as ArrayLike<number> as ArrayLike<Uid>,
    saved: [],
    nowMs: session.server.clock.now(),
    isRecent: (uid) => uid >= opened.folder.recentFrom,
    isGone: () => false,
    checkPeer: () => checkPeer(session),
  };
}
