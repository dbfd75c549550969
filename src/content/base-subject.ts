/** The base subject, by which SORT and THREAD compare. */

/** Subjects are compared by their beginning; the bound keeps the repeated removals below linear in effect. */
const SUBJECT_CHARS_MAX = 1000;

/** subj-leader = (*subj-blob subj-refwd) / WSP ;  subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
const LEADER = /^(?:(?:\[[^[\]]*\][ \t]*)*(?:re|fwd?)[ \t]*(?:\[[^[\]]*\][ \t]*)?:|[ \t])/i;
/** subj-blob = "[" *BLOBCHAR "]" *WSP */
const BLOB = /^\[[^[\]]*\][ \t]*/;
/** subj-trailer = "(fwd)" / WSP */
const TRAILER = /(?:\(fwd\)|[ \t])$/i;

/** Steps 2 to 5: trailers, leaders and blobs, as long as something remains. */
function withoutMarks(subject: string): string {
  let base = subject;
  for (let cut = TRAILER.exec(base); cut !== null; cut = TRAILER.exec(base))
    base = base.slice(0, cut.index);
  for (;;) {
    const leader = LEADER.exec(base);
    const mark = leader ?? BLOB.exec(base);
    if (mark === null) return base;
    const rest = base.slice(mark[0].length);
    if (leader === null && rest === '') return base;
    base = rest;
  }
}

/**
 * Removes reply and forward marks from a decoded subject. RFC 5256 §2.1; case is left to the comparator.
 * @param subject Unicode, as {@link decodeHeader} gives it
 */
export function baseSubject(subject: string): string {
  // Step 1: blanks collapsed.
  let base = subject.slice(0, SUBJECT_CHARS_MAX).replace(/\s+/g, ' ');
  for (;;) {
    base = withoutMarks(base);
    // Step 6: "[fwd: subject]".
    if (!/^\[fwd:.*\]$/i.test(base)) return base;
    base = base.slice(5, -1);
  }
}
