import type { ResponseCode } from '#wire';

/** How a command ended: what its tagged response says. */
export interface Completion {
  readonly condition: 'OK' | 'NO' | 'BAD';
  readonly text: string;
  /** What stands in the brackets. */
  readonly code?: ResponseCode;
}

function completion(
  condition: Completion['condition'],
  text: string,
  code: ResponseCode | undefined,
): Completion {
  return code === undefined ? { condition, text } : { condition, text, code };
}

/** The command did what it was asked. */
export function ok(text: string, code?: ResponseCode): Completion {
  return completion('OK', text, code);
}

/** The command was understood and cannot be done. */
export function no(text: string, code?: ResponseCode): Completion {
  return completion('NO', text, code);
}

/** The command was not understood, or is not allowed now. */
export function bad(text: string, code?: ResponseCode): Completion {
  return completion('BAD', text, code);
}
