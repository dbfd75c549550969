import type { Clock, Logger } from '#kernel';
import type { Store } from '#store';

const PERIOD_MS = 10_000;
const DAY_MS = 86_400_000;

/** The background cleanup: every now and then removes what nothing refers to any more, in small steps. */
export function runCleanup(
  store: Pick<Store, 'cleanUp' | 'removeStrayBlobs'>,
  clock: Clock,
  log: Logger,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  // Blobs from before the start belong to nobody's commit; later ones may wait a while for theirs (MULTIAPPEND).
  let strayBeforeMs = clock.now();
  let nextSweepMs = strayBeforeMs;
  const sweep = async (): Promise<void> => {
    const nowMs = clock.now();
    if (nowMs < nextSweepMs) return;
    await store.removeStrayBlobs(strayBeforeMs, signal);
    nextSweepMs = nowMs + DAY_MS;
    strayBeforeMs = nowMs;
  };
  let running: Promise<void> = Promise.resolve();
  const pass = async (): Promise<void> => {
    try {
      await sweep();
      while (!signal.aborted && (await store.cleanUp(clock.now())));
    } catch (error) {
      // Whatever it is: nobody waits for this, and it must not end the server.
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
      stopping.abort();
      timer[Symbol.dispose]();
      await running;
    },
  };
}
