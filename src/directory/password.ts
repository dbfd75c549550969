import { saslprep } from '@mongodb-js/saslprep';
import { PosthornError, randomId } from '#kernel';

/** Longer passwords are refused when set and fail when tried, so that nobody buys work with a megabyte. */
export const PASSWORD_BYTES_MAX = 1024;

/**
 * Prepares a password or user name for hashing and comparing: SASLprep (RFC 4013 §2), with unassigned code points
 * allowed as in queries, so that no password depends on the Unicode version of a table. Text that SASLprep prohibits
 * is taken as it is: most clients send it so, and refusing it would lock out who has it in a password already.
 */
export function prepareText(text: string): string {
  if (text.length > PASSWORD_BYTES_MAX) return text;
  // SASLprep leaves printable ASCII as it is, and nearly all text is that.
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  try {
    return saslprep(text, { allowUnassigned: true });
  } catch {
    return text;
  }
}

/** Whether a password is short enough to be tried. */
export function isTriable(password: string): boolean {
  return Buffer.byteLength(password) <= PASSWORD_BYTES_MAX;
}

/** Checks a password that is about to be set. @throws {invalid} naming what would be right */
export function requireUsablePassword(password: string): void {
  if (prepareText(password) === '')
    throw new PosthornError('invalid', 'the password is empty: give at least one character');
  if (!isTriable(password))
    throw new PosthornError(
      'invalid',
      `the password is too long: at most ${PASSWORD_BYTES_MAX} bytes of UTF-8`,
    );
  // RFC 4616 §2: NUL separates the fields of PLAIN; line ends could never be typed in a POP3 PASS.
  if (/[\0\r\n]/.test(password))
    throw new PosthornError('invalid', 'the password must not contain NUL or line ends');
  if (!password.isWellFormed())
    throw new PosthornError('invalid', 'the password is not well-formed Unicode');
}

/** Makes a password that can be read out and typed: 20 characters, 100 random bits, no letters that look alike. */
export function generatePassword(): string {
  return randomId(20)
    .toLowerCase()
    .replace(/.{5}(?=.)/g, '$&-');
}
