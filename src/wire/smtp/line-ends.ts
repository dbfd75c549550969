const LF = 10;
const CR = 13;

/**
 * Checks that CR and LF come only as CRLF (RFC 5321 §2.3.8), over pieces cut anywhere. Mail data that comes by BDAT
 * without BODY=BINARYMIME must keep to it like that of DATA: it may go on by DATA later.
 */
export class LineEnds {
  #afterCr = false;
  #broken = false;

  /** A CR or LF stood alone. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Looks at the next bytes. @returns whether all is well so far. */
  check(piece: Buffer): boolean {
    let at = 0;
    if (this.#broken || piece.length === 0) return !this.#broken;
    if (this.#afterCr) {
      if (piece[0] !== LF) this.#broken = true;
      this.#afterCr = false;
      at = 1;
    }
    while (!this.#broken && at < piece.length) {
      const lf = piece.indexOf(LF, at);
      const cr = piece.indexOf(CR, at);
      if (lf >= 0 && cr === lf - 1 && cr >= at) {
        at = lf + 1;
        continue;
      }
      this.#afterCr = lf < 0 && cr === piece.length - 1;
      this.#broken = !this.#afterCr && (lf >= 0 || cr >= 0);
      break;
    }
    return !this.#broken;
  }

  /** Ends the data. @returns whether all was well to the end. */
  finish(): boolean {
    if (this.#afterCr) this.#broken = true;
    return !this.#broken;
  }
}
