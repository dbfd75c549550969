import { SiblingLists } from './sibling-lists.ts';
import type { ThreadRows } from './thread-rows.ts';

/**
 * THREAD=ORDEREDSUBJECT (RFC 5256 §3): messages with one base subject are a thread, the first by sent date its head,
 * the others the head's children. Threads are in the order of their heads.
 */
export function threadBySubject({ subjects, byDate }: ThreadRows): SiblingLists {
  const lists = new SiblingLists(subjects.length);
  const heads = new Map<number, number>();
  for (const row of byDate) {
    const head = heads.get(subjects[row]!);
    if (head === undefined) heads.set(subjects[row]!, row);
    lists.append(row, head ?? -1);
  }
  return lists;
}
