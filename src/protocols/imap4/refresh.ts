import type { SeqNum, Uid } from '#model';
import type { EntryState } from '#store';
import {
  encodeCount,
  encodeFlagsResponse,
  encodeVanished,
  rangesOf,
  responseCode,
  SYSTEM_FLAGS,
} from '#wire';
import { encodeEntryFlags, permanentFlags } from './flags.ts';
import { recentOf } from './recent.ts';
import type { Session } from './session.ts';
import { fetchStart } from './uid-only.ts';
import type { View, ViewUpdate } from './view.ts';

/** Messages whose changes are told in one piece. */
const LINES_AT_ONCE = 1000;

/**
 * Reads what happened in the selected folder since the last time and tells the client: VANISHED or EXPUNGE, EXISTS,
 * RECENT, FETCH with the new flags (RFC 9051 §7.5).
 *
 * @param mayExpunge false where RFC 9051 §7.5.1 forbids EXPUNGE: during FETCH, STORE and SEARCH by number
 */
export async function refresh(session: Session, view: View, mayExpunge: boolean): Promise<void> {
  view.stale = false;
  const { mailbox } = view;
  // Results that are followed may change by what this session did itself.
  const known = session.contexts.size > 0 ? [] : view.toldChanges;
  // A client that did not want to hear of flags may want to now (RFC 5465 §3.1).
  const since = session.tellsFlags ? view.flagsSince : view.modSeq;
  const changes = await mailbox.changes(view.folderId, since, known, view.seen);
  if (changes === undefined) return leaveDeleted(session);
  if (!mailbox.isOwn) await followRights(session, view);
  const isSame = changes.folder.highestModSeq === since;
  if (isSame && !(mayExpunge && view.hasGone)) {
    view.renamed(changes.folder);
    return;
  }
  const existing =
    changes.vanished === undefined
      ? (await mailbox.openFolder(view.folderId))?.uids
      : new Uint32Array();
  if (existing === undefined) return leaveDeleted(session);
  // Results that are gone are told as such while they have numbers (RFC 5267 §4.3.4).
  if (session.contexts.size > 0)
    session.contexts.takeGone(session, view.takeVanished(changes, existing));
  const update = view.apply(changes, existing, mayExpunge);
  if (session.tellsFlags) view.flagsAreTold();
  else if (update.changed.length > 0) view.withholdFlags(since);
  // The view has taken the changes in: whatever happens from here on, the client must hear of them, or its numbers would
  // mean other messages than ours.
  const recent =
    update.added > 0
      ? await recentOf(session, view.mailbox, changes.folder, view.readOnly)
      : undefined;
  if (recent !== undefined) view.addRecent(recent.from, recent.to);
  tellExpunged(session, update);
  tellKeywords(session, view, changes.entries);
  const arrived = session.arrivals.takeNew(view, update.added);
  const items = session.notifications?.registration.selected?.items;
  if (items !== undefined) session.arrivals.want(arrived, items);
  await tell(session, view, update);
  await session.contexts.follow(
    session,
    changes.entries.map(({ uid }) => uid),
    arrived,
  );
}

/** A selected folder that was deleted, or is not shared any more: nothing can be said about it. */
function leaveDeleted(session: Session): void {
  session.unselect();
  session.bye('The selected mailbox was deleted, or may not be read any more', 'NONEXISTENT');
}

async function tell(session: Session, view: View, update: ViewUpdate): Promise<void> {
  if (update.added > 0) {
    session.write(encodeCount(view.size, 'EXISTS'));
  }
  if (!session.rev2 && (update.added > 0 || update.expunged.length > 0))
    tellRecent(session, view, update.added > 0);
  if (!session.tellsFlags) return;
  for (let from = 0; from < update.changed.length; from += LINES_AT_ONCE) {
    let wire = '';
    for (const entry of update.changed.slice(from, from + LINES_AT_ONCE))
      wire += encodeFlagUpdate(session, view, view.seqOf(entry.uid)!, entry);
    session.write(wire);
    if (session.connection.backlogged) await session.connection.drained();
  }
}

/**
 * Tells how many messages are \Recent, which IMAP4rev1 wants when the size of the mailbox changes (RFC 3501 §7.3.2).
 *
 * @param always also when it is what the client was told last
 */
export function tellRecent(session: Session, view: View, always: boolean): void {
  const count = view.recentCount;
  if (!always && count === view.recentTold) return;
  view.recentTold = count;
  session.write(encodeCount(count, 'RECENT'));
}

function tellExpunged(session: Session, { expunged, expungedSeqs }: ViewUpdate): void {
  if (expunged.length === 0) return;
  if (session.qresync || session.uidOnly) {
    session.write(encodeVanished(rangesOf<Uid>(expunged), false));
    return;
  }
  let wire = '';
  for (const seq of expungedSeqs) wire += encodeCount(seq, 'EXPUNGE');
  session.write(wire);
}

/** Tells of keywords that the client has not heard of, before the messages that have them (RFC 9051 §7.3.5). */
export function tellKeywords(
  session: Session,
  view: View,
  entries: readonly { readonly keywords: string }[],
): void {
  let isNew = false;
  for (const { keywords } of entries)
    if (keywords !== '' && view.learnKeywords(keywords)) isNew = true;
  if (!isNew) return;
  const flags = [...SYSTEM_FLAGS, ...view.keywords];
  session.write(encodeFlagsResponse(flags));
  tellPermanentFlags(session, view, 'Limited');
}

/** Tells which flags may be changed for good. */
export function tellPermanentFlags(session: Session, view: View, text: string): void {
  const permanent = permanentFlags(view.permanentFlags, view.keywords);
  session.say('OK', text, responseCode.permanentFlags(...permanent));
}

/** Takes in what the session may do now in the selected folder, and tells what that changes (RFC 4314 §5.1.1). */
async function followRights(session: Session, view: View): Promise<void> {
  const rights = await view.mailbox.rights(view.folderId);
  if (rights === view.rights) return;
  const wasReadOnly = view.readOnly;
  view.rights = rights;
  tellPermanentFlags(session, view, 'Your rights have changed');
  if (view.readOnly === wasReadOnly) return;
  session.say('OK', 'Your rights have changed', view.readOnly ? 'READ-ONLY' : 'READ-WRITE');
}

/** A FETCH response that tells of changed flags; after ENABLE of CONDSTORE with MODSEQ (RFC 7162 §3.1). */
export function encodeFlagUpdate(
  session: Session,
  view: View,
  seq: SeqNum,
  entry: EntryState,
): string {
  const flags = encodeEntryFlags(entry, view.isRecent(entry.uid));
  const uid = namesUid(session) ? `UID ${entry.uid} ` : '';
  const modSeq = session.condstore ? ` MODSEQ (${entry.modSeq})` : '';
  if (session.condstore) view.shown(entry.modSeq);
  return `${fetchStart(session, seq, entry.uid)}${uid}FLAGS (${flags})${modSeq})\r\n`;
}

/** Whether FETCH responses that the client did not ask for name the uid (RFC 9051 §6.4.9, RFC 7162 §3.2.4, RFC 5465 §5.1). */
function namesUid(session: Session): boolean {
  if (session.uidOnly) return false;
  const notifies = session.notifications?.registration.selected !== undefined;
  return session.byUid || session.rev2 || session.qresync || notifies;
}
