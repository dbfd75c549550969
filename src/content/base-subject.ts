/** The base subject, by which SORT and THREAD compare. */

/** A subject without its marks. */
export interface BaseSubject {
  readonly base: string;
  /** A reply or forward mark was among what was removed: what THREAD=REFERENCES goes by (RFC 5256 §3). */
  readonly isReply: boolean;
}

/** subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
const REPLY = /(?:re|fwd?) ?(?:\[[^[\]]*\] ?)?:/iy;
/** subj-blob = "[" *BLOBCHAR "]" *WSP */
const BLOB = /\[[^[\]]*\] ?/y;
/** subj-fwd = subj-fwd-hdr subject subj-fwd-trl ;  subj-fwd-hdr = "[fwd:" ;  subj-fwd-trl = "]" */
const FORWARD = /\[fwd:/iy;
const TRAILER = '(fwd)';

/** Removes marks from a subject whose blanks are collapsed; works on the stretch that is left, nothing is copied. */
class Stripper {
  readonly #subject: string;
  readonly #folded: string;
  start = 0;
  end: number;
  isReply = false;

  constructor(subject: string) {
    this.#subject = subject;
    this.#folded = subject.toLowerCase();
    this.end = subject.length;
  }

  /** Steps 2 to 5: trailers, then leaders and blobs, as long as something remains. */
  marks(): void {
    for (;;) {
      if (this.#subject[this.end - 1] === ' ' && this.end > this.start) this.end--;
      else if (
        this.end - TRAILER.length >= this.start &&
        this.#folded.endsWith(TRAILER, this.end)
      ) {
        this.end -= TRAILER.length;
        this.isReply = true;
      } else break;
    }
    while (this.#prefix());
  }

  /** Step 6: "[fwd: subject]" becomes what is in it. @returns false when it is none */
  forward(): boolean {
    if (this.#subject[this.end - 1] !== ']' || this.#match(FORWARD) === 0) return false;
    this.start += '[fwd:'.length;
    this.end--;
    this.isReply = true;
    return true;
  }

  /**
   * subj-leader = (*subj-blob subj-refwd) / WSP. Blobs in a row are read once, whether a mark follows or not; the last one is
   * the base when nothing else would be.
   */
  #prefix(): boolean {
    if (this.#subject[this.start] === ' ' && this.start < this.end) this.start++;
    let last = this.start;
    for (let blob = this.#match(BLOB); blob > 0; blob = this.#match(BLOB)) {
      last = this.start;
      this.start += blob;
    }
    const reply = this.#match(REPLY);
    this.start += reply;
    if (reply > 0) this.isReply = true;
    else if (this.start === this.end) this.start = last;
    return reply > 0;
  }

  /** How long what comes next is; 0 when it does not match or reaches beyond the end. */
  #match(pattern: RegExp): number {
    pattern.lastIndex = this.start;
    const length = pattern.exec(this.#subject)?.[0].length ?? 0;
    return this.start + length <= this.end ? length : 0;
  }
}

/**
 * Removes reply and forward marks from a decoded subject. RFC 5256 §2.1; case is left to the comparator.
 * @param subject Unicode, as {@link decodeHeader} gives it
 */
export function readBaseSubject(subject: string): BaseSubject {
  // Step 1: blanks collapsed.
  const collapsed = /[\t\r\n]| {2}/.test(subject) ? subject.replace(/[ \t\r\n]+/g, ' ') : subject;
  const stripper = new Stripper(collapsed);
  do stripper.marks();
  while (stripper.forward());
  return { base: collapsed.slice(stripper.start, stripper.end), isReply: stripper.isReply };
}

/** The base subject alone. */
export function baseSubject(subject: string): string {
  return readBaseSubject(subject).base;
}
