import {
  type Argon2Parameters,
  argon2,
  createHash,
  createHmac,
  pbkdf2,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import { PosthornError, randomBytes } from '#kernel';
import type { Verifiers } from '#model';
import { prepareText } from './password.ts';

const argon2Async = promisify(argon2);
const pbkdf2Async = promisify(pbkdf2);

/**
 * 19 MiB, two passes, one lane: the first choice of the OWASP Password Storage Cheat Sheet, found by the procedure of
 * RFC 9106 §4 for a server on which many log in at once: about 25 ms each, and four at a time take 76 MiB, where that
 * section's second recommended option would take 256 MiB and four threads each. Verifiers carry their parameters, so
 * a later choice does not break an earlier one.
 */
const ARGON2 = { memoryKib: 19 * 1024, passes: 2, lanes: 1, saltBytes: 16, tagBytes: 32 } as const;
/** RFC 7677 §4: at least 4096, and 15,000 by its rule of thumb. */
export const SCRAM_ITERATIONS = 15_000;
export const SCRAM_SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Makes both verifiers of a password, with fresh salts. Slow on purpose: call it through the hash gate. */
export async function makeVerifiers(password: string): Promise<Verifiers> {
  return {
    argon2id: await makeArgon2id(password),
    scramSha256: formatScram(
      await deriveScram(password, randomBytes(SCRAM_SALT_BYTES), SCRAM_ITERATIONS),
    ),
  };
}

/** Makes the PHC string of a password (argon2id, RFC 9106). */
export async function makeArgon2id(password: string): Promise<string> {
  const salt = randomBytes(ARGON2.saltBytes);
  const tag = await argon2Async('argon2id', argon2Parameters(password, salt, ARGON2));
  const { memoryKib, passes, lanes } = ARGON2;
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(tag)}`;
}

// $argon2id$v=19$m=19456,t=2,p=1$salt$tag with base 64 that has no padding (PHC string format)
const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/;

/** Tells whether a password belongs to a PHC string. @throws {corrupt} when the string is none of ours */
export async function matchesArgon2id(verifier: string, password: string): Promise<boolean> {
  const match = PHC.exec(verifier);
  if (match === null)
    throw new PosthornError('corrupt', 'a stored argon2id verifier is unreadable');
  const expected = Buffer.from(match[5]!, 'base64');
  const tag = await argon2Async(
    'argon2id',
    argon2Parameters(password, Buffer.from(match[4]!, 'base64'), {
      memoryKib: Number(match[1]),
      passes: Number(match[2]),
      lanes: Number(match[3]),
      tagBytes: expected.length,
    }),
  );
  return timingSafeEqual(tag, expected);
}

function argon2Parameters(
  password: string,
  salt: Buffer,
  cost: {
    readonly memoryKib: number;
    readonly passes: number;
    readonly lanes: number;
    readonly tagBytes: number;
  },
): Argon2Parameters {
  return {
    message: prepareText(password),
    nonce: salt,
    memory: cost.memoryKib,
    passes: cost.passes,
    parallelism: cost.lanes,
    tagLength: cost.tagBytes,
  };
}

/** What a server keeps of a password for SCRAM (RFC 5802 §3). */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** Derives a SCRAM-SHA-256 verifier (RFC 5802 §3, RFC 7677 §3). */
export async function deriveScram(
  password: string,
  salt: Buffer,
  iterations: number,
): Promise<ScramVerifier> {
  const salted = await pbkdf2Async(prepareText(password), salt, iterations, HASH_BYTES, 'sha256');
  return {
    iterations,
    salt,
    storedKey: sha256(hmacSha256(salted, 'Client Key')),
    serverKey: hmacSha256(salted, 'Server Key'),
  };
}

/** Writes a SCRAM verifier as RFC 5803 §2 has it: `SCRAM-SHA-256$iterations:salt$storedKey:serverKey`. */
export function formatScram(verifier: ScramVerifier): string {
  const { iterations, salt, storedKey, serverKey } = verifier;
  const keys = `${storedKey.toString('base64')}:${serverKey.toString('base64')}`;
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${keys}`;
}

const SCRAM = /^SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

/** Reads a SCRAM verifier. @throws {corrupt} when the string is none of ours */
export function parseScram(text: string): ScramVerifier {
  const match = SCRAM.exec(text);
  const storedKey = Buffer.from(match?.[3] ?? '', 'base64');
  const serverKey = Buffer.from(match?.[4] ?? '', 'base64');
  if (match === null || storedKey.length !== HASH_BYTES || serverKey.length !== HASH_BYTES)
    throw new PosthornError('corrupt', 'a stored SCRAM verifier is unreadable');
  return {
    iterations: Number(match[1]),
    salt: Buffer.from(match[2]!, 'base64'),
    storedKey,
    serverKey,
  };
}

export function hmacSha256(key: Uint8Array, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

export function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
