import { PosthornError } from '#kernel';
import { DELIMITER } from '#model';

const NAME_BYTES_MAX = 1000;
const LEVELS_MAX = 50;

/** The first level of the names of others' folders (RFC 2342 §4): nobody has a folder of that name. */
export const OTHERS = 'Other Users';

/** Refuses a name that leads to folders of others; gives it else. @throws {folder-name} */
export function checkOwnName(name: string): string {
  if (isOthers(name))
    throw new PosthornError('folder-name', `"${OTHERS}" is where the folders of others are`);
  return name;
}

/** Whether a name leads to folders of others, or to a level above them. */
export function isOthers(name: string): boolean {
  return name === OTHERS || name.startsWith(OTHERS + DELIMITER);
}

/**
 * Gives a folder name as it is stored: NFC, INBOX in capitals (RFC 9051 §5.1), also at the head of a path.
 * @throws {folder-name} saying what is wrong with it
 */
export function checkFolderName(given: string): string {
  const name = given.normalize('NFC');
  const levels = name.split(DELIMITER);
  const wrong = (text: string): never => {
    throw new PosthornError('folder-name', text);
  };
  if (name === '') wrong('a folder name cannot be empty');
  if (levels.includes(''))
    wrong(`a folder name has no empty level: no "${DELIMITER}" at either end, none doubled`);
  if (Buffer.byteLength(name) > NAME_BYTES_MAX)
    wrong(`a folder name has at most ${NAME_BYTES_MAX} bytes`);
  if (levels.length > LEVELS_MAX) wrong(`folders nest at most ${LEVELS_MAX} deep`);
  // RFC 5198 §2: no control characters in network Unicode; line and paragraph separators neither (RFC 9051 §5.1).
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name))
    wrong('a folder name has no control characters');
  // RFC 9051 §6.3.4 warns of the wildcards: LIST could not name such a folder alone.
  if (/[*%]/.test(name)) wrong('a folder name has no "*" and no "%"');
  if (!name.isWellFormed()) wrong('a folder name is well-formed Unicode');
  // Without regard to ASCII case only: the dotless i of Turkish is another letter.
  if (/^inbox$/i.test(levels[0]!)) levels[0] = 'INBOX';
  return levels.join(DELIMITER);
}
