import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, realpathSync, rmdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PosthornError } from '#kernel';

const SOCKET = 'control.sock';
/** Addresses of unix sockets have room for 108 bytes on Linux and 104 elsewhere. */
const PATH_BYTES_MAX = 100;

/**
 * Where the control socket of a data directory is: in it, or under a hashed name in the system's directory for temporary
 * files when that path would be too long. Both sides derive it alike.
 */
export function controlPath(dataDir: string): string {
  const dir = real(resolve(dataDir));
  const path = join(dir, SOCKET);
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  const hash = createHash('sha256').update(dir).digest('hex').slice(0, 24);
  return join(tmpdir(), `posthorn-${userInfo().uid}-${hash}`, SOCKET);
}

/** Makes the directory for a socket outside the data directory. @throws {configuration} as `securePath` does */
export function makePath(path: string, dataDir: string): void {
  if (!isInside(path, dataDir)) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  securePath(path, dataDir);
}

/**
 * Makes sure that the directory of a socket outside the data directory, if there is one, is ours alone: anybody may
 * write where it stands.
 * @throws {configuration} when somebody else holds the name
 */
export function securePath(path: string, dataDir: string): void {
  if (isInside(path, dataDir)) return;
  const dir = dirname(path);
  const found = lstatSync(dir, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o077) !== 0)
    throw new PosthornError(
      'configuration',
      `${dir} belongs to somebody else or is open to others: remove it, or use a data directory with a shorter path`,
    );
}

/** Removes what `makePath` made, when nothing is in it any more. */
export function releasePath(path: string, dataDir: string): void {
  if (isInside(path, dataDir)) return;
  try {
    rmdirSync(dirname(path));
  } catch {
    // It is empty and in nobody's way.
  }
}

function isInside(path: string, dataDir: string): boolean {
  return path === join(real(resolve(dataDir)), SOCKET);
}

function real(dir: string): string {
  try {
    return realpathSync(dir);
  } catch {
    return dir;
  }
}
