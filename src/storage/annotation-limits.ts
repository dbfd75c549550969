import { PosthornError } from '#kernel';
import type { AnnotationChange } from './commands.ts';

/** Octets of one annotation's value. */
export const ANNOTATION_BYTES_MAX = 65_536;
/** Annotations of one folder, of one account's view or of everybody's; and of the server. */
export const ANNOTATIONS_MAX = 100;
/** Annotations of a mailbox with all its folders, whoever sees them. */
export const ANNOTATIONS_OF_MAILBOX_MAX = 10_000;
/** Octets of all values of a mailbox as they are kept, in base64: whoever asks for all of them holds all of them in memory. */
export const ANNOTATION_TEXT_OF_MAILBOX_MAX = 16 * 1024 * 1024;

/** How many annotations there are, and how long their values as they are kept. */
export interface AnnotationCounts {
  readonly inMailbox: number;
  readonly textInMailbox: number;
  /** In the same folder and view. */
  readonly inPlace: number;
  /** Those that the change sets anew or takes away. */
  readonly touched: number;
  readonly textTouched: number;
}

/** Refuses a change after which there would be too many. @throws {too-many} */
export function checkAnnotationCounts(
  counts: AnnotationCounts,
  changes: readonly AnnotationChange[],
): void {
  let more = -counts.touched;
  let moreText = -counts.textTouched;
  for (const { value } of changes) {
    if (value === undefined) continue;
    more++;
    moreText += Math.ceil(value.length / 3) * 4;
  }
  const refuse = (most: string): never => {
    throw new PosthornError('too-many', `there are at most ${most}`);
  };
  // What does not become more is taken even where there is too much.
  if (more > 0 && counts.inPlace + more > ANNOTATIONS_MAX)
    refuse(`${ANNOTATIONS_MAX} annotations of a folder`);
  if (more > 0 && counts.inMailbox + more > ANNOTATIONS_OF_MAILBOX_MAX)
    refuse(`${ANNOTATIONS_OF_MAILBOX_MAX} annotations of a mailbox`);
  if (moreText > 0 && counts.textInMailbox + moreText > ANNOTATION_TEXT_OF_MAILBOX_MAX)
    refuse(`${ANNOTATION_TEXT_OF_MAILBOX_MAX} octets of annotations in base64`);
}
