import { isPosthornError } from '#kernel';
import { Flag, type ModSeq, type Uid } from '#model';
import type { FlagsStored, FolderChanges, UidRanges } from '#store';
import {
  encodeVanished,
  type FetchCommand,
  type NumSet,
  type Ranges,
  rangesOf,
  resolveSet,
} from '#wire';
import { bad, type Completion, no, ok } from '../completion.ts';
import { FetchAnswer } from '../fetch/answer.ts';
import { type FetchPlan, planFetch } from '../fetch/plan.ts';
import { goneCode } from '../gone.ts';
import { newestWithin, tellLimit } from '../message-limit.ts';
import { clipRanges, pageOf, uidRanges, uidRangesOf } from '../ranges.ts';
import {
  type RowQuery,
  readRows,
  readStates,
  runsOf,
  type StatesQuery,
  slicesOf,
} from '../rows.ts';
import type { Session } from '../session.ts';
import { vanishedUids } from '../vanished.ts';
import type { View } from '../view.ts';

/** Rows of a batch, by how large they are. */
const STATE_ROWS = 2000;
const KEPT_ROWS = 1000;
const ENTRY_ROWS = 500;
const BODY_ROWS = 200;
/** Octets of the messages whose bodies are read at once. */
const BODY_BYTES = 512 * 1024;
/** Messages that become \Seen in one write: few enough that not many do in vain when the client goes away. */
const SEEN_AT_ONCE = 256;

/**
 * FETCH and UID FETCH (RFC 9051 §6.4.5, §6.4.9), with CHANGEDSINCE and VANISHED (RFC 7162 §3.1.4, §3.2.6), and
 * PARTIAL (RFC 9394 §3.3).
 */
export async function fetch(session: Session, command: FetchCommand): Promise<Completion> {
  const { view } = session;
  const { changedSince, vanished } = command;
  if (vanished && !session.qresync) return bad('VANISHED needs ENABLE QRESYNC');
  const named = view.uidsOf(command, session.savedResult);
  if (named === undefined) return bad('There is no message with that number');
  // RFC 9394 §3.4: the page is taken of what is named, before anything else is left out.
  const addressed = command.page === undefined ? named : pageOf(named, command.page, view.uids);
  const { messageLimit } = session.server.limits;
  const { ranges, lowest } = newestWithin(session, addressed, messageLimit);
  const asksModSeq = command.items.some(({ item }) => item === 'MODSEQ');
  if (asksModSeq || changedSince !== undefined) session.enableCondstore();
  if (vanished) await tellVanished(session, view, command.set as NumSet<Uid>, changedSince!);
  const plan = planFetch(command.items, {
    // RFC 9586 §3.3: a UIDFETCH response begins with the uid.
    uid:
      !session.uidOnly &&
      (command.uid || (session.qresync && (asksModSeq || changedSince !== undefined))),
    modSeq: changedSince !== undefined,
    utf8: session.utf8,
  });
  const answer = new FetchAnswer(session, view, plan);
  const query = { columns: plan.columns, ...batchOf(plan), changedSince };
  if (plan.fixedKey === '')
    await writeStates(session, answer, {
      uids: uidRanges(ranges),
      batch: STATE_ROWS,
      changedSince,
    });
  else if (plan.setsSeen && !view.readOnly && view.may('s'))
    await fetchAndSee(session, answer, ranges, query);
  else await writeAll(session, answer, { ...query, uids: uidRanges(ranges) }, new Set());
  if (answer.unknownEncoding) return no('A part has an unknown encoding', 'UNKNOWN-CTE');
  return tellLimit(session, ok('FETCH completed', await goneCode(session, ranges)), lowest);
}

async function writeStates(
  session: Session,
  answer: FetchAnswer,
  query: StatesQuery,
  fixed?: ReadonlyMap<Uid, string>,
): Promise<void> {
  let begun = false;
  for await (const states of readStates(session.view, query)) {
    if (begun) await session.breathe();
    begun = true;
    answer.writeStates(states, fixed);
    if (session.connection.closed) return;
  }
}

/** Answers with what is kept where that is all that is asked for, and reads the rest. @param seen as `FetchAnswer.write` takes it */
async function writeAll(
  session: Session,
  answer: FetchAnswer,
  query: RowQuery,
  seen: ReadonlySet<Uid>,
): Promise<void> {
  const fixed = answer.kept.texts;
  if (fixed.size === 0 || seen.size > 0) return writeRead(session, answer, query, seen);
  let begun = false;
  for (const { known, uids } of runsOf(session.view, query.uids, fixed)) {
    if (begun) await session.breathe();
    begun = true;
    if (known) await writeStates(session, answer, { ...query, uids, batch: KEPT_ROWS }, fixed);
    else await writeRead(session, answer, { ...query, uids }, seen);
    if (session.connection.closed) return;
  }
}

async function writeRead(
  session: Session,
  answer: FetchAnswer,
  query: RowQuery,
  seen: ReadonlySet<Uid>,
): Promise<void> {
  let begun = false;
  for await (const rows of readRows(session.view, query)) {
    if (begun) await session.breathe();
    begun = true;
    await answer.write(rows, seen);
    if (session.connection.closed) return;
  }
}

/** Sets \Seen on some messages in one write, then answers with them, and so on. */
async function fetchAndSee(
  session: Session,
  answer: FetchAnswer,
  ranges: Ranges<Uid>,
  query: Omit<RowQuery, 'uids'>,
): Promise<void> {
  const { view } = session;
  let begun = false;
  for (const uids of slicesOf(view, ranges, SEEN_AT_ONCE)) {
    if (begun) await session.breathe();
    begun = true;
    const seen = await markSeen(session, view, uids, query.changedSince);
    await writeAll(session, answer, { ...query, uids }, seen.uids);
    if (session.connection.closed) return;
    // Whoever was changed again since has a higher mod-sequence and is told again.
    if (seen.modSeq !== undefined) view.told(seen.modSeq);
  }
}

/** Sets \Seen where it is missing; gives where, and by which change. */
async function markSeen(
  session: Session,
  view: View,
  uids: UidRanges,
  changedSince: ModSeq | undefined,
): Promise<{ readonly uids: ReadonlySet<Uid>; readonly modSeq: ModSeq | undefined }> {
  const unseen: Uid[] = [];
  for await (const states of readStates(view, { uids, batch: SEEN_AT_ONCE, changedSince }))
    for (const { uid, flags } of states) if ((flags & Flag.Seen) === 0) unseen.push(uid);
  if (unseen.length === 0) return { uids: new Set(), modSeq: undefined };
  const stored = await setSeen(session, {
    folderId: view.folderId,
    // Those that have it already are passed over: few wide ranges are cheaper than many narrow ones.
    uids: changedSince === undefined ? uids : uidRangesOf(unseen),
    operation: 'add',
    flags: Flag.Seen,
    keywords: [],
    unchangedSince: undefined,
  });
  if (stored === undefined) return { uids: new Set(), modSeq: undefined };
  view.stale = true;
  // Somebody else was faster: then the mod-sequence is not ours either.
  const modSeq = stored.changed.length > 0 ? stored.modSeq : undefined;
  return { uids: new Set(stored.changed), modSeq };
}

/** A mailbox that cannot be written to, because the disk is full for instance, can still be read. */
async function setSeen(
  session: Session,
  change: Parameters<View['mailbox']['storeFlags']>[0],
): Promise<FlagsStored | undefined> {
  try {
    return await session.view.mailbox.storeFlags(change);
  } catch (error) {
    if (!isPosthornError(error)) throw error;
    session.log.warn({ err: error }, '\\Seen was not set');
    return undefined;
  }
}

function batchOf({ columns }: FetchPlan): Pick<RowQuery, 'batch' | 'bytesMax'> {
  if (columns.body === true) return { batch: BODY_ROWS, bytesMax: BODY_BYTES };
  return { batch: ENTRY_ROWS };
}

/**
 * Which of the uids vanished since a change. Those that still have a number here are told later, by VANISHED without
 * EARLIER, which takes their number away.
 */
async function tellVanished(
  session: Session,
  view: View,
  set: NumSet<Uid>,
  since: ModSeq,
): Promise<void> {
  const changes = await view.mailbox.changes(view.folderId, since);
  if (changes === undefined) return;
  const vanished = await vanishedUids(view.mailbox, changes, resolveKnown(set, changes, session));
  const earlier = vanished.filter((uid) => view.seqOf(uid) === undefined);
  if (earlier.length > 0) session.write(encodeVanished(rangesOf(earlier), true));
}

/** The uids that the client may know: "*" and all beyond are the last one that was given out. */
function resolveKnown(set: NumSet<Uid>, { folder }: FolderChanges, session: Session): Ranges<Uid> {
  const max = (folder.uidNext - 1) as Uid | 0;
  return clipRanges(resolveSet(set, max, session.savedResult), max);
}
