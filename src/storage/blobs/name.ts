import { PosthornError, randomId } from '#kernel';

/** Bodies of at least this size are kept as blobs, unless the store is opened with another threshold. */
export const THRESHOLD_BYTES = 256 * 1024;

/** Characters that need no care in a file name, a URL or an object key, and no case to lose. */
const NAME = /^[0-9a-z]{3,64}$/;

/** Makes a name that no blob has: 130 random bits. */
export function freshName(): string {
  return randomId(26).toLowerCase();
}

/** Whether a text can be the name of a blob. */
export function isBlobName(text: string): boolean {
  return NAME.test(text);
}

/** Takes a name as given, or makes a fresh one. @throws {invalid} */
export function nameOrFresh(given: string | undefined): string {
  if (given === undefined) return freshName();
  if (!isBlobName(given))
    throw new PosthornError('invalid', `${JSON.stringify(given)} is not the name of a blob`);
  return given;
}
