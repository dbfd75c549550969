import { type Completion, ok } from '../completion.ts';

/** CHECK (RFC 3501 §6.4.1): everything is durable already. */
export function check(): Completion {
  return ok('CHECK completed');
}
