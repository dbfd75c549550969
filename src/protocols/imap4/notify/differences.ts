import { DELIMITER } from '#model';
import type { Listed } from '../list/tree.ts';
import type { Heard, Known } from './heard.ts';
import type { Registration } from './registration.ts';
import { isNameHeard, renamesOf } from './renames.ts';

/** Something that a LIST response tells. */
export interface NameNews {
  readonly listed: Listed;
  readonly oldName?: string;
  /** There may still be such a folder, and nothing of it may be known (RFC 5465 §3.1, §5.9). */
  readonly noAccess?: boolean;
}

/**
 * What happened to names of folders that the client wants to hear of: which are gone, new, or have another name (RFC 5465 §5.4), and which
 * may be read no more or again (§5.9).
 *
 * @param withdrawn names of which the client was told that it has no access
 * @returns also the folders that are told as gone and new, because they changed names in a way that nobody could follow
 */
export function nameNews(
  before: Heard,
  now: Heard,
  registration: Registration,
  withdrawn: ReadonlySet<string>,
): { readonly names: readonly NameNews[]; readonly moved: readonly Known[] } {
  const gone = [...goneNames(before, now, registration)];
  const { renames, moved } = renamesOf(before, now, registration);
  const come: NameNews[] = [...moved.map(newsOf)];
  for (const folder of now.folders) {
    const old = before.get(folder.found.folder);
    if (old === undefined) {
      const isNew = !before.created.has(folder.name) && registration.wants('MailboxName', folder);
      if (isNew || (withdrawn.has(folder.name) && registration.watches(folder)))
        come.push(newsOf(folder));
    } else if (old.name === folder.name && old.readable !== folder.readable)
      if (registration.watches(folder)) come.push(newsOf(folder));
  }
  const left = moved.map(({ found }) => goneFrom(before.get(found.folder)!.name, now));
  // Names become free before others take them.
  const news = [...gone, ...left, ...renames, ...come];
  const told = new Set(news.map(({ listed }) => listed.name));
  return { names: [...news, ...parentNews(before, now, registration, told)], moved };
}

function* goneNames(before: Heard, now: Heard, registration: Registration): Generator<NameNews> {
  for (const old of before.folders) {
    if (now.get(old.found.folder) !== undefined) continue;
    if (registration.wants('MailboxName', old)) yield goneFrom(old.name, now);
    // Who did not ask for names hears why nothing comes of it any more.
    else if (!old.found.mailbox.isOwn && registration.watches(old))
      yield { ...goneFrom(old.name, now), noAccess: true };
  }
  for (const name of before.created) {
    const listed = now.tree.get(name) ?? nothingAt(name);
    if (listed.found === undefined && registration.wants('MailboxName', listed)) yield { listed };
  }
}

function goneFrom(name: string, now: Heard): NameNews {
  return { listed: { ...nothingAt(name), subscribed: now.subscribed.has(name) } };
}

/** What is told of a folder that there is. */
function newsOf(folder: Known): NameNews {
  return folder.readable ? { listed: folder } : { listed: folder, noAccess: true };
}

/** RFC 5465 §5.4: what comes or goes concerns the name above it too, whether there is such a folder or not. */
function* parentNews(
  before: Heard,
  now: Heard,
  registration: Registration,
  told: ReadonlySet<string>,
): Generator<NameNews> {
  const names = new Set<string>();
  for (const { name, found } of before.folders)
    if (now.get(found.folder) === undefined) names.add(levelAbove(name));
  for (const { name, found } of now.folders)
    if (before.get(found.folder) === undefined && !before.created.has(name))
      names.add(levelAbove(name));
  for (const name of names) {
    const parent = now.tree.get(name) ?? nothingAt(name);
    if (name === '' || told.has(name) || !registration.wants('MailboxName', parent)) continue;
    const known = parent.found && now.get(parent.found.folder);
    yield known === undefined ? { listed: parent } : newsOf(known);
  }
}

function levelAbove(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(DELIMITER)));
}

/** Names that were subscribed or unsubscribed (RFC 5465 §5.5). */
export function* subscriptionNews(
  before: Heard,
  now: Heard,
  registration: Registration,
): Generator<NameNews> {
  for (const name of now.subscribed.symmetricDifference(before.subscribed)) {
    const listed = now.tree.get(name) ?? nothingAt(name);
    // Among those that are subscribed is also what just was.
    if (!registration.wants('SubscriptionChange', { ...listed, subscribed: true })) continue;
    const known = listed.found && now.get(listed.found.folder);
    yield known === undefined ? { listed } : newsOf(known);
  }
}

/** Folders whose messages are others than the client has heard (RFC 5465 §5.1 to §5.3). */
export function* messageNews(
  before: Heard,
  now: Heard,
  registration: Registration,
  moved: readonly Known[],
): Generator<Known> {
  const anew = new Set(moved);
  for (const folder of now.folders)
    if (folder.readable && registration.wants('MessageNew', folder))
      if (anew.has(folder) || isNews(before, folder, registration)) yield folder;
}

/** Whether a folder's messages are others than the client has heard. */
export function isNews(before: Heard, folder: Known, registration: Registration): boolean {
  const { messages, uidNext, highestModSeq } = folder.state;
  const old = before.get(folder.found.folder);
  if (old === undefined || !isNameHeard(old, folder, registration)) {
    // Also when what came is gone again.
    if (uidNext > 1 || before.created.has(folder.name)) return uidNext > 1;
    // By that name there was another folder, or may have been: its UIDVALIDITY has changed (RFC 5465 §5.1).
    return before.hasName(folder.name) || registration.wants('FlagChange', folder);
  }
  if (!old.readable) return true;
  if (!registration.wants('MessageNew', old) || old.state.highestModSeq === highestModSeq)
    return false;
  const isSame = old.state.messages === messages && old.state.uidNext === uidNext;
  return !isSame || registration.wants('FlagChange', folder);
}

function nothingAt(name: string): Listed {
  return { name, found: undefined, subscribed: false };
}
