import { AssertionError } from 'node:assert';

/** Throws an AssertionError when a statement that must hold does not: a bug, never bad input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError({ message, stackStartFn: assert });
}

/** Closes a `switch` over a union: reached only when a member was forgotten. */
export function assertNever(value: never): never {
  throw new AssertionError({ message: `unexpected value ${JSON.stringify(value)}` });
}
