import { PosthornError } from '#kernel';

/** Octets of one annotation's value. */
export const ANNOTATION_BYTES_MAX = 65_536;
/** Annotations of one folder, of one account's view or of everybody's; and of the server. */
export const ANNOTATIONS_MAX = 100;
/** Annotations of a mailbox with all its folders, whoever sees them. */
export const ANNOTATIONS_OF_MAILBOX_MAX = 10_000;

/** How many annotations there are, and how many of them a change sets anew or takes away. */
export interface AnnotationCounts {
  readonly inMailbox: number;
  readonly inPlace: number;
  readonly touched: number;
}

/** Refuses a change after which there would be too many. @throws {too-many} */
export function checkAnnotationCounts(
  { inMailbox, inPlace, touched }: AnnotationCounts,
  setting: number,
): void {
  const more = setting - touched;
  if (more > 0 && inPlace + more > ANNOTATIONS_MAX)
    throw new PosthornError('too-many', `there are at most ${ANNOTATIONS_MAX} annotations`);
  if (more > 0 && inMailbox + more > ANNOTATIONS_OF_MAILBOX_MAX)
    throw new PosthornError(
      'too-many',
      `a mailbox has at most ${ANNOTATIONS_OF_MAILBOX_MAX} annotations`,
    );
}
