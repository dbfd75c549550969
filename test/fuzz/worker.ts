// The thread in which inputs run, so that one that does not come back can be ended with it.
import { parentPort, workerData } from 'node:worker_threads';
import { Search, type SearchReport } from './search.ts';
import type { Target } from './target.ts';
import { type Broken, brokenBy, type Verdict } from './verdict.ts';
import { Window } from './window.ts';

/** What the thread is told to do. */
export type Order =
  | { readonly kind: 'run'; readonly input: Uint8Array }
  | {
      readonly kind: 'search';
      readonly seed: string;
      readonly seconds: number;
      readonly corpus: readonly Uint8Array[];
    }
  | { readonly kind: 'close' };

/** What it tells. */
export type Told =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'finding'; readonly input: Uint8Array; readonly broken: Broken }
  | { readonly kind: 'report'; readonly report: SearchReport }
  | { readonly kind: 'closed' };

const { module, memory } = workerData as { module: string; memory: SharedArrayBuffer };
const { target } = (await import(module)) as { target: Target };
const window = new Window(memory);

function tell(told: Told): void {
  parentPort!.postMessage(told);
}

async function verdictOn(input: Buffer): Promise<Verdict> {
  window.show(input);
  try {
    return { kind: 'sound', outcome: await target.run(input) };
  } catch (error) {
    return brokenBy(error);
  }
}

async function search(order: Extract<Order, { kind: 'search' }>): Promise<SearchReport> {
  const { seed, seconds } = order;
  const corpus = order.corpus.map((input) => Buffer.from(input));
  const onFinding = (input: Buffer, broken: Broken): void =>
    tell({ kind: 'finding', input, broken });
  return new Search(target, { seed, seconds, corpus, window, onFinding }).run();
}

async function obey(order: Order): Promise<Told> {
  switch (order.kind) {
    case 'run':
      return { kind: 'verdict', verdict: await verdictOn(Buffer.from(order.input)) };
    case 'search':
      return { kind: 'report', report: await search(order) };
    case 'close':
      await target.close?.();
      return { kind: 'closed' };
  }
}

parentPort!.on('message', async (order: Order) => tell(await obey(order)));
