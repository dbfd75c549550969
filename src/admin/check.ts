import type { Problem } from '#store';
import type { AdminContext, Run } from './context.ts';

/** Problems that are listed; more are counted. */
const PROBLEMS_MAX = 10_000;

export interface CheckResult {
  readonly messages: number;
  readonly contents: number;
  readonly problems: readonly Problem[];
  /** All that were found, listed or not. */
  readonly problemCount: number;
}

/** Verifies the store: checksums of all content, references, counters, the database itself. Changes nothing. */
export async function checkStore(
  { directory, store }: AdminContext,
  _args: object,
  run: Run,
): Promise<CheckResult> {
  let messages = 0;
  for (const { usedMessages } of await directory.mailboxes()) messages += usedMessages;
  let contents = 0;
  const problems: Problem[] = [];
  let problemCount = 0;
  const onProgress = (done: number, total: number): void => {
    contents = done;
    run.onProgress({ done, total, unit: 'contents', messages });
  };
  for await (const problem of store.check(onProgress)) {
    run.signal.throwIfAborted();
    problemCount++;
    if (problems.length < PROBLEMS_MAX) problems.push(problem);
  }
  return { messages, contents, problems, problemCount };
}
