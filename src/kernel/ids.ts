import { randomBytes as cryptoRandomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Gives cryptographically random bytes. */
export function randomBytes(size: number): Buffer {
  return cryptoRandomBytes(size);
}

/** Gives `length` characters of Crockford base 32, 5 random bits each. */
export function randomId(length: number): string {
  let id = '';
  for (const byte of cryptoRandomBytes(length)) id += ALPHABET[byte & 31];
  return id;
}

let pool = Buffer.alloc(0);
let poolAt = 0;

/**
 * Gives an id whose text sorts by time: 9 characters of milliseconds, then 7 random ones. Used for
 * submissions, where the id is printed in the 250 reply and in the trace header.
 */
export function timeOrderedId(nowMs: number): string {
  let time = '';
  let rest = nowMs;
  for (let i = 0; i < 9; i++) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  if (poolAt + 7 > pool.length) {
    pool = cryptoRandomBytes(4096);
    poolAt = 0;
  }
  for (const end = poolAt + 7; poolAt < end; poolAt++) time += ALPHABET[pool[poolAt]! & 31];
  return time;
}
