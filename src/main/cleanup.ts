import { type Clock, isPosthornError, type Logger } from '#kernel';
import type { Store } from '#store';

const PERIOD_MS = 10_000;
const DAY_MS = 86_400_000;

/** The background cleanup: every now and then removes what nothing refers to any more, in small steps. */
export function runCleanup(store: Store, clock: Clock, log: Logger): { stop(): Promise<void> } {
  let stopping = false;
  // Blobs from before the start belong to nobody's commit; later ones may wait a while for theirs (MULTIAPPEND).
  let strayBeforeMs = clock.now();
  let nextSweepMs = strayBeforeMs;
  const sweep = async (): Promise<void> => {
    const nowMs = clock.now();
    if (nowMs < nextSweepMs) return;
    await store.removeStrayBlobs(strayBeforeMs);
    nextSweepMs = nowMs + DAY_MS;
    strayBeforeMs = nowMs;
  };
  let running: Promise<void> = Promise.resolve();
  const pass = async (): Promise<void> => {
    try {
      await sweep();
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
