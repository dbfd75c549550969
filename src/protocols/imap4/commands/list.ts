import { DELIMITER, hasRight } from '#model';
import { type Found, isOthers, OTHERS } from '#store';
import { encodeList, type ListCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { attributesOf } from '../list/attributes.ts';
import { joinPattern, type Matcher, matcherOf } from '../list/pattern.ts';
import { FolderTree, type Listed, levelsAbove, specialUseOf } from '../list/tree.ts';
import { ListedMetadata } from '../metadata/listed.ts';
import type { Session } from '../session.ts';
import { encodeMyRights } from './myrights.ts';
import { encodeFolderStatus } from './status.ts';

/** Responses written between two pauses. */
const LINES_AT_ONCE = 500;

/** LIST with its extensions (RFC 9051 §6.3.9), STATUS in it included (RFC 5819). */
export async function list(session: Session, command: ListCommand): Promise<Completion> {
  const { patterns, reference, extended } = command;
  // RFC 9051 §6.3.9: an empty pattern asks for the delimiter only.
  if (!extended && patterns[0] === '') {
    const root = { attributes: ['\\Noselect'], delimiter: DELIMITER, name: '' };
    session.write(encodeList('LIST', root, session.utf8));
    return ok('LIST completed');
  }
  const joined = patterns
    .filter((pattern) => pattern !== '')
    .map((pattern) => joinPattern(reference, pattern));
  const matchers = joined.map(matcherOf);
  const tree = await FolderTree.of(session.names, { others: joined.some(mayNameOthers) });
  const isMatched: Matcher = (name) => matchers.some((matches) => matches(name));
  const aboveUnmatched = namesAboveUnmatched(command, tree, isMatched);
  const metadata = command.metadata && new ListedMetadata(session, command.metadata);
  let lines = 0;
  for (const listed of tree.names()) {
    if (!isMatched(listed.name)) continue;
    const line = lineOf(session, command, tree, listed, aboveUnmatched);
    if (line === undefined) continue;
    session.write(line);
    if (listed.found !== undefined) await tellMore(session, command, listed.found, metadata);
    if (++lines % LINES_AT_ONCE === 0) await session.breathe();
  }
  return ok('LIST completed');
}

/** What is told of a folder beside LIST: STATUS of those that may be read (RFC 5819 §2), METADATA, MYRIGHTS (RFC 8440 §3). */
async function tellMore(
  session: Session,
  command: ListCommand,
  found: Found,
  metadata: ListedMetadata | undefined,
): Promise<void> {
  const { status, returns } = command;
  if (status !== undefined && hasRight(await found.mailbox.rights(found.folder.folderId), 'r'))
    session.write(await encodeFolderStatus(session, found, status));
  if (metadata !== undefined) session.write(await metadata.encode(found));
  if (returns.has('MYRIGHTS')) session.write(await encodeMyRights(session, found));
}

/** Whether a pattern can match names of folders of others. */
function mayNameOthers(pattern: string): boolean {
  const start = pattern.replace(/[*%].*$/s, '');
  if (isOthers(start)) return true;
  return start !== pattern && (OTHERS + DELIMITER).startsWith(start);
}

function lineOf(
  session: Session,
  command: ListCommand,
  tree: FolderTree,
  listed: Listed,
  aboveUnmatched: ReadonlySet<string>,
): string | undefined {
  if (!isSelected(command, tree, listed) && !aboveUnmatched.has(listed.name)) return undefined;
  const { select, returns } = command;
  const tellsSubscribed = select.has('SUBSCRIBED') || returns.has('SUBSCRIBED');
  const subscribed = listed.subscribed && tellsSubscribed;
  return encodeList(
    'LIST',
    {
      name: listed.name,
      delimiter: DELIMITER,
      attributes: attributesOf(tree, { ...listed, subscribed }),
      childInfo: childInfoOf(command, tree, listed.name),
    },
    session.utf8,
  );
}

/**
 * With RECURSIVEMATCH: the names above a selected one that the patterns leave out. Only for these a name that is not
 * selected itself is worth a response; a CHILDINFO that the client hears anyway is suppressed (RFC 9051 §6.3.9.6).
 */
function namesAboveUnmatched(
  command: ListCommand,
  tree: FolderTree,
  isMatched: Matcher,
): Set<string> {
  const above = new Set<string>();
  if (!command.select.has('RECURSIVEMATCH')) return above;
  for (const listed of tree.names()) {
    if (!isSelected(command, tree, listed) || isMatched(listed.name)) continue;
    for (const name of levelsAbove(listed.name)) above.add(name);
  }
  return above;
}

/**
 * Whether a name has what the selection options want (RFC 9051 §6.3.9.1): all of it. A level that is no folder has nothing but folders
 * of others below it.
 */
function isSelected(
  { select }: ListCommand,
  tree: FolderTree,
  { name, found, subscribed }: Listed,
): boolean {
  if (select.has('SUBSCRIBED') && !subscribed) return false;
  if (select.has('SPECIAL-USE') && (found === undefined || specialUseOf(found) === undefined))
    return false;
  return found !== undefined || select.has('SUBSCRIBED') || tree.hasChildren(name);
}

/** By which options names below match, for RECURSIVEMATCH (RFC 9051 §6.3.9.6). */
function childInfoOf({ select }: ListCommand, tree: FolderTree, name: string): string[] {
  if (!select.has('RECURSIVEMATCH')) return [];
  const info: string[] = [];
  if (select.has('SUBSCRIBED') && tree.hasSubscribedBelow(name)) info.push('SUBSCRIBED');
  if (select.has('SPECIAL-USE') && tree.hasSpecialUseBelow(name)) info.push('SPECIAL-USE');
  return info;
}
