import type { Clock, Logger } from '#kernel';
import { type Engine, UNFINISHED_AGE_MS } from '#storage';
import type { Store } from '#store';

const PERIOD_MS = 10_000;
const DAY_MS = 86_400_000;
/** Longer than a period, so that it stays with the same node; a node that is gone is replaced within 30 s. */
const LEASE_MS = 18_000;

/**
 * The background cleanup: every now and then removes what nothing refers to any more, in small steps. Of several nodes one
 * does it at a time.
 */
export function runCleanup(
  engine: Pick<Engine, 'name' | 'lease' | 'blobs'>,
  store: Pick<Store, 'cleanUp' | 'removeStrayBlobs'>,
  clock: Clock,
  log: Logger,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  // Blobs from before the start belong to nobody's commit, unless another node wrote them; later ones may wait a while for
  // theirs (MULTIAPPEND).
  let strayBeforeMs = clock.now() - (engine.name === 'sqlite' ? 0 : UNFINISHED_AGE_MS);
  let nextSweepMs = clock.now();
  const sweep = async (): Promise<void> => {
    const nowMs = clock.now();
    if (nowMs < nextSweepMs) return;
    await engine.blobs.removeUnfinished(nowMs - UNFINISHED_AGE_MS);
    await store.removeStrayBlobs(strayBeforeMs, signal);
    nextSweepMs = nowMs + DAY_MS;
    strayBeforeMs = engine.name === 'sqlite' ? nowMs : nowMs - UNFINISHED_AGE_MS;
  };
  let running: Promise<void> = Promise.resolve();
  const pass = async (): Promise<void> => {
    try {
      if (!(await engine.lease('cleanup', LEASE_MS))) return;
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
