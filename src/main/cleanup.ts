import { type Clock, isPosthornError, type Logger } from '#kernel';
import type { Store } from '#store';

const PERIOD_MS = 10_000;

/** The background cleanup: every now and then removes what nothing refers to any more, in small steps. */
export function runCleanup(store: Store, clock: Clock, log: Logger): { stop(): Promise<void> } {
  let stopping = false;
  const startedAtMs = clock.now();
  let swept = false;
  let running: Promise<void> = Promise.resolve();
  const pass = async (): Promise<void> => {
    try {
      if (!swept) await store.removeStrayBlobs(startedAtMs);
      swept = true;
      while (!stopping && (await store.cleanUp()));
    } catch (error) {
      if (!isPosthornError(error)) throw error;
      log.warn({ err: error }, 'the cleanup is put off');
    }
  };
  let busy = false;
  const timer = clock.every(PERIOD_MS, () => {
    if (busy) return;
    busy = true;
    running = pass().finally(() => {
      busy = false;
    });
  });
  return {
    async stop() {
      stopping = true;
      timer[Symbol.dispose]();
      await running;
    },
  };
}
