/** Something a peer sent that the grammar does not allow, with the reply it deserves. */
export interface SmtpFault {
  readonly kind: 'fault';
  /** Reply code of RFC 5321 §4.2. */
  readonly code: number;
  /** Enhanced status code of RFC 3463. */
  readonly enhanced: string;
  readonly text: string;
}

/** Makes a fault; used for constants, so that a refused line costs nothing. */
export function fault(code: number, enhanced: string, text: string): SmtpFault {
  return { kind: 'fault', code, enhanced, text };
}

/** Tells a fault from the value that a parser gives otherwise. */
export function isFault(value: object | undefined): value is SmtpFault {
  return value !== undefined && 'kind' in value && value.kind === 'fault';
}
