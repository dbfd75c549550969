import { DELIMITER } from '#model';
import { checkFolderName, type Found, isOthers } from '#store';
import type { FolderFilter, SearchSource } from '#wire';
import { FolderTree, type Listed } from '../list/tree.ts';
import type { Session } from '../session.ts';

/** Whether the selected mailbox is among what is to be searched by that word (RFC 7377 §2.2). */
export function namesSelected(sources: readonly SearchSource[]): boolean {
  return sources.some(({ source }) => source === 'selected');
}

/**
 * The folders that sources name, each once, in the order of LIST; names that no folder has are passed over (RFC 7377 §2.2,
 * RFC 5465 §6). Mail may be delivered to every folder, so that all are inboxes.
 */
export async function foldersOf(
  session: Session,
  sources: readonly SearchSource[],
): Promise<readonly Found[]> {
  const matchers = sources.map((source) => matcherOf(session, source));
  const others = sources.some((source) => mayNameOthers(session, source));
  const tree = await FolderTree.of(session.names, { others });
  const folders: Found[] = [];
  for (const listed of tree.names())
    if (listed.found !== undefined && matchers.some((matches) => matches(listed)))
      folders.push(listed.found);
  return folders;
}

function mayNameOthers(session: Session, source: SearchSource): boolean {
  if (source.source !== 'selected') return namesOthers(source);
  return session.selected && !session.view.mailbox.isOwn;
}

/** Whether a filter may mean folders of others; the account's own are those at its root. */
export function namesOthers(source: FolderFilter): boolean {
  switch (source.source) {
    case 'inboxes':
    case 'personal':
      return false;
    case 'subscribed':
      return true;
    case 'mailboxes':
    case 'subtree':
    case 'subtree-one':
      return source.mailboxes.some(isOthers);
  }
}

export type Matcher = (listed: Listed) => boolean;

function matcherOf(session: Session, source: SearchSource): Matcher {
  if (source.source !== 'selected') return filterOf(source);
  return ({ found }) => found !== undefined && session.selected && session.view.shows(found.folder);
}

/** Says of a name whether a filter means it; personal is what is in the own mailbox (RFC 5465 §6). */
export function filterOf(source: FolderFilter): Matcher {
  switch (source.source) {
    case 'inboxes':
    case 'personal':
      return ({ name }) => !isOthers(name);
    case 'subscribed':
      return ({ subscribed }) => subscribed;
    case 'mailboxes': {
      const names = new Set(source.mailboxes.map(storedName));
      return ({ name }) => names.has(name);
    }
    case 'subtree':
    case 'subtree-one': {
      const roots = source.mailboxes.map(storedName);
      const levelsMax = source.source === 'subtree' ? Number.POSITIVE_INFINITY : 1;
      return ({ name }) => {
        const level = levelBelow(name, roots);
        return level !== undefined && level <= levelsMax;
      };
    }
  }
}

/** A name as folders have it; what can be none stays as it is, and no folder has it. */
function storedName(given: string): string {
  try {
    return checkFolderName(given);
  } catch {
    return given;
  }
}

/** How many levels a folder is below the nearest of some others, 0 for one of them; undefined when it is below none. */
function levelBelow(name: string, roots: readonly string[]): number | undefined {
  let nearest: number | undefined;
  for (const root of roots) {
    if (name !== root && !name.startsWith(`${root}${DELIMITER}`)) continue;
    const level = name.slice(root.length).split(DELIMITER).length - 1;
    if (nearest === undefined || level < nearest) nearest = level;
  }
  return nearest;
}
