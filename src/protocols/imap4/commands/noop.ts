import { type Completion, ok } from '../completion.ts';

/** NOOP (RFC 9051 §6.1.2): what there is to tell is told with its completion. */
export function noop(): Completion {
  return ok('NOOP completed');
}
