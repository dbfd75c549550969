import { DELIMITER } from '#model';
import type { NameNews } from './differences.ts';
import type { Heard, Known } from './heard.ts';
import type { Registration } from './registration.ts';

/** Renames of one look up to which it is tried to tell them as such. */
const RENAMES_MAX = 100;

interface Rename extends NameNews {
  readonly listed: Known;
  readonly oldName: string;
}

/**
 * Folders that have another name, of which the client hears: as renames in an order in which it can do each after the other, with all
 * that is below (RFC 5465 §5.4). Where there is no such order, because several happened between two looks, they are `moved`:
 * gone, and new.
 */
export function renamesOf(
  before: Heard,
  now: Heard,
  registration: Registration,
): { readonly renames: readonly Rename[]; readonly moved: readonly Known[] } {
  const all: Rename[] = [];
  for (const listed of now.folders) {
    const old = before.get(listed.found.folder);
    if (old === undefined || old.name === listed.name) continue;
    if (!isNameHeard(old, listed, registration)) continue;
    const rename = { listed, oldName: old.name };
    all.push(listed.readable ? rename : { ...rename, noAccess: true });
  }
  const renames = inOrder(withoutImplied(all));
  if (renames.length <= RENAMES_MAX && areFollowed(renames, before, now, all))
    return { renames, moved: [] };
  return { renames: [], moved: all.map(({ listed }) => listed) };
}

/** Whether the client knows the name that a folder has now. */
export function isNameHeard(old: Known, folder: Known, registration: Registration): boolean {
  return (
    old.name === folder.name ||
    [old, folder].some((each) => registration.wants('MailboxName', each))
  );
}

/** Those that are not told by that of a folder above. @param renames those above before those below */
function withoutImplied(renames: readonly Rename[]): readonly Rename[] {
  const told = new Map<string, string>();
  return renames.filter(({ listed, oldName }) => {
    for (
      let end = oldName.lastIndexOf(DELIMITER);
      end > 0;
      end = oldName.lastIndexOf(DELIMITER, end - 1)
    ) {
      const above = told.get(oldName.slice(0, end));
      if (above !== undefined && above + oldName.slice(end) === listed.name) return false;
    }
    told.set(oldName, listed.name);
    return true;
  });
}

/** So that each name is free when a folder takes it; those that have changed places come last. */
function inOrder(renames: readonly Rename[]): readonly Rename[] {
  const ordered: Rename[] = [];
  const waiting = new Map(renames.map((rename) => [rename.oldName, rename]));
  const to = new Map(renames.map((rename) => [rename.listed.name, rename]));
  for (const last of renames) {
    if (waiting.has(last.listed.name)) continue;
    for (let next: Rename | undefined = last; next !== undefined; next = to.get(next.oldName)) {
      if (!waiting.delete(next.oldName)) break;
      ordered.push(next);
    }
  }
  return [...ordered, ...waiting.values()];
}

/** Whether a client that does the renames one after the other has the right names in the end. */
function areFollowed(
  renames: readonly Rename[],
  before: Heard,
  now: Heard,
  all: readonly Rename[],
): boolean {
  const names = new Map<string, Known>();
  for (const folder of before.folders)
    if (now.get(folder.found.folder) !== undefined) names.set(folder.name, folder);
  for (const { listed, oldName } of renames) {
    const below = oldName + DELIMITER;
    const moving = [...names].filter(([name]) => name === oldName || name.startsWith(below));
    for (const [name] of moving) names.delete(name);
    for (const [name, folder] of moving) {
      const newName = listed.name + name.slice(oldName.length);
      if (names.has(newName)) return false;
      names.set(newName, folder);
    }
  }
  const heard = new Set(all.map(({ listed }) => listed));
  for (const [name, { name: oldName, found }] of names) {
    const folder = now.get(found.folder)!;
    const matters = folder.name === oldName || heard.has(folder);
    if (matters && folder.name !== name) return false;
  }
  return true;
}
