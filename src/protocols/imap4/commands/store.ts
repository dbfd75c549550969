import { ALL_FLAGS, type ModSeq, type Uid } from '#model';
import type { FlagsStored, UidRanges } from '#store';
import { positionsIn, rangesInclude, rangesOf, responseCode, type StoreCommand } from '#wire';
import { bad, type Completion, no, ok } from '../completion.ts';
import { splitFlags } from '../flags.ts';
import { goneCode } from '../gone.ts';
import { newestWithin, tellLimit } from '../message-limit.ts';
import { uidRangesOf } from '../ranges.ts';
import { encodeFlagUpdate, tellKeywords } from '../refresh.ts';
import { readStates, SeqFinder, slicesOf } from '../rows.ts';
import type { Session } from '../session.ts';
import { fetchStart } from '../uid-only.ts';
import type { View } from '../view.ts';

/** Messages of one write: others wait for the writer too. */
const MESSAGES_AT_ONCE = 10_000;
const ROWS = 500;

/** What setting flags may change. */
const EVERYTHING = { flags: ALL_FLAGS.flags, keywords: ['any'] };

const OPERATIONS = { set: 'replace', add: 'add', remove: 'remove' } as const;

/** STORE and UID STORE (RFC 9051 §6.4.6), with UNCHANGEDSINCE (RFC 7162 §3.1.3). */
export async function store(session: Session, command: StoreCommand): Promise<Completion> {
  const { view } = session;
  const { unchangedSince } = command;
  const addressed = view.uidsOf(command, session.savedResult);
  if (addressed === undefined) return bad('There is no message with that number');
  if (view.readOnly) return no('The mailbox is selected read-only', 'READ-ONLY');
  if (unchangedSince !== undefined) session.enableCondstore();
  const { messageLimit } = session.server.limits;
  const { ranges, lowest } = newestWithin(session, addressed, messageLimit);
  const modified: Uid[] = [];
  // Where not all is changed that was asked for, the client cannot know what there is now.
  const isSilent = command.silent && allowsAll(view, command);
  const goal = positionsIn(ranges, view.uids).reduce((sum, [from, to]) => sum + to - from, 0);
  let done = 0;
  for (const slice of slicesOf(view, ranges, MESSAGES_AT_ONCE)) {
    if (done > 0) await session.breathe();
    const stored = isSilent
      ? await storeSilently(session, view, command, slice)
      : await storeAloud(session, view, command, slice);
    for (const uid of stored.modified) modified.push(uid);
    done = Math.min(goal, done + MESSAGES_AT_ONCE);
    session.progress?.at(done, goal);
  }
  if (modified.length > 0) {
    const numbers = command.uid ? modified : modified.map((uid) => view.seqOf(uid)!);
    const some = ok(
      'Some were changed meanwhile',
      responseCode.modified(numbers as readonly Uid[]),
    );
    return tellLimit(session, some, lowest);
  }
  return tellLimit(session, ok('STORE completed', await goneCode(session, ranges)), lowest);
}

/** Whether the rights allow all that a command asks for. */
function allowsAll({ permanentFlags }: View, command: StoreCommand): boolean {
  const { flags, keywords } = command.op === 'set' ? EVERYTHING : splitFlags(command.flags);
  const mayKeywords = permanentFlags.keywords || keywords.length === 0;
  return (flags & ~permanentFlags.flags) === 0 && mayKeywords;
}

async function write(
  view: View,
  command: StoreCommand,
  uids: UidRanges,
  unchangedSince: ModSeq | undefined,
): Promise<FlagsStored> {
  const { flags, keywords } = splitFlags(command.flags);
  return view.mailbox.storeFlags({
    folderId: view.folderId,
    uids,
    operation: OPERATIONS[command.op],
    flags,
    keywords,
    unchangedSince,
  });
}

/** Stores and tells the new flags of all messages that were addressed. */
async function storeAloud(
  session: Session,
  view: View,
  command: StoreCommand,
  slice: UidRanges,
): Promise<FlagsStored> {
  const stored = await write(view, command, slice, command.unchangedSince);
  const modified = rangesOf<Uid>(stored.modified);
  const numbers = new SeqFinder(view);
  let begun = false;
  for await (const states of readStates(view, { uids: slice, batch: ROWS })) {
    if (begun) await session.breathe();
    begun = true;
    tellKeywords(session, view, states);
    let wire = '';
    for (const state of states) {
      const seq = numbers.seqOf(state.uid);
      if (seq === undefined || rangesInclude(modified, state.uid)) continue;
      wire += encodeFlagUpdate(session, view, seq, state);
    }
    session.write(wire);
  }
  // Where nothing changed, the mod-sequence is somebody else's, who changed other messages. A message that was
  // changed again since has a higher one and is told again.
  if (stored.changed.length > 0) view.told(stored.modSeq);
  return stored;
}

/**
 * Stores and tells nothing of what the client can know by itself, only mod-sequences where it wants them (RFC 7162
 * §3.1.3). Messages that somebody else has changed behind the view's back are written apart, so that their
 * flags are told with the completion.
 */
async function storeSilently(
  session: Session,
  view: View,
  command: StoreCommand,
  slice: UidRanges,
): Promise<FlagsStored> {
  const limit = command.unchangedSince;
  const known = Math.min(view.modSeq, limit ?? Number.MAX_SAFE_INTEGER) as ModSeq;
  const stored = await write(view, command, slice, known);
  const [first] = stored.changed;
  if (first !== undefined) {
    view.told(stored.modSeq);
    await tellNewKeywords(session, view, command, first);
    if (session.condstore) await tellModSeqs(session, view, stored);
  }
  if (stored.modified.length === 0 || limit === known) return stored;
  const rest = await write(view, command, uidRangesOf(stored.modified), limit);
  return { ...rest, changed: [...stored.changed, ...rest.changed] };
}

/** A keyword may be new to the client in the form that the mailbox has it in, which one of the messages shows. */
async function tellNewKeywords(
  session: Session,
  view: View,
  command: StoreCommand,
  changed: Uid,
): Promise<void> {
  if (splitFlags(command.flags).keywords.length === 0) return;
  for await (const states of readStates(view, { uids: uidRangesOf([changed]), batch: 1 }))
    tellKeywords(session, view, states);
}

async function tellModSeqs(session: Session, view: View, stored: FlagsStored): Promise<void> {
  const numbers = new SeqFinder(view);
  let wire = '';
  for (const uid of stored.changed) {
    const seq = numbers.seqOf(uid);
    if (seq === undefined) continue;
    const named = (session.byUid || session.qresync) && !session.uidOnly ? `UID ${uid} ` : '';
    view.shown(stored.modSeq);
    wire += `${fetchStart(session, seq, uid)}${named}MODSEQ (${stored.modSeq}))\r\n`;
  }
  session.write(wire);
}
