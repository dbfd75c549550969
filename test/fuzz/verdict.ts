/** How the run of one input ended. */
export type Verdict = { readonly kind: 'sound'; readonly outcome: string } | Broken;

/** An input that breaks something. */
export interface Broken {
  readonly kind: 'broken';
  /** The same for inputs that break the same thing. */
  readonly signature: string;
  /** What was thrown, with its stack. */
  readonly text: string;
}

/** What was thrown, as a verdict. */
export function brokenBy(error: unknown): Broken {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const name = error instanceof Error ? error.name : 'thrown';
  const frames = [...text.matchAll(/\n\s+at [^\n]*?((?:src|test)\/[^\s:)]+:\d+)/g)];
  const where = frames.slice(0, 2).map((frame) => frame[1]);
  return { kind: 'broken', signature: `${name} at ${where.join(', ')}`, text };
}

/** An input that ran so long that its thread was ended. */
export function hung(ms: number): Broken {
  return { kind: 'broken', signature: 'no end', text: `no end after ${ms} ms` };
}

/** An input at which the thread died. */
export function died(error: unknown): Broken {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'broken', signature: `died: ${text.split('\n', 1)[0]}`, text };
}
