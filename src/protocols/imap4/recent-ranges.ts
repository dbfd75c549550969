import type { Uid } from '#model';

/** Uids from `from` up to below `to`. */
interface UidSpan {
  readonly from: number;
  to: number;
}

/** Which uids are \Recent in a session (RFC 3501 §2.3.2), whether there are messages with them already or not. */
export class RecentRanges {
  /** Ascending, without overlaps. */
  readonly #spans: UidSpan[] = [];

  /**
   * Adds uids from `from` up to below `to`; calls come in ascending order, and may overlap the last one.
   *
   * @returns from where on they are new
   */
  add(from: Uid, to: number): number {
    const last = this.#spans.at(-1);
    const begin = Math.max(from, last?.to ?? 0);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else if (from < to) this.#spans.push({ from, to });
    return begin;
  }

  has(uid: Uid): boolean {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#spans[middle]!.to <= uid) low = middle + 1;
      else high = middle;
    }
    return low < this.#spans.length && this.#spans[low]!.from <= uid;
  }
}
