import { DELIMITER } from '#model';
import { encodeList, type LsubCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { joinPattern, matcherOf } from '../list/pattern.ts';
import { FolderTree } from '../list/tree.ts';
import type { Session } from '../session.ts';

/**
 * LSUB (RFC 3501 §6.3.9): subscribed names. With `%` also a level that is not subscribed but has a subscribed name below it, as
 * \Noselect. Special uses are told as in LIST, for clients that ask for nothing else.
 */
export async function lsub(
  session: Session,
  { reference, pattern }: LsubCommand,
): Promise<Completion> {
  const matches = matcherOf(joinPattern(reference, pattern));
  const levels = pattern.includes('%');
  const tree = await FolderTree.of(session.names, { others: false });
  for (const { name, subscribed, found } of tree.names()) {
    if (!matches(name) || !(subscribed || (levels && tree.hasSubscribedBelow(name)))) continue;
    const use = found?.folder.specialUse;
    const attributes = subscribed ? (use === undefined ? [] : [use]) : ['\\Noselect'];
    session.write(encodeList('LSUB', { name, delimiter: DELIMITER, attributes }, session.utf8));
  }
  return ok('LSUB completed');
}
