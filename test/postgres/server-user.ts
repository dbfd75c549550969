import { spawnSync } from 'node:child_process';

/** Who a PostgreSQL server runs as, where that is somebody else than the test: options of `spawn`. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root. Its own user does where it is installed, else the one that owns nothing. */
const CANDIDATES = ['postgres', 'nobody'];

/** The user to run PostgreSQL as; undefined when it can be the one who runs the tests. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of CANDIDATES) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error(`PostgreSQL does not run as root, and there is no user ${CANDIDATES.join(', ')}`);
}

function idOf(option: string, name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [option, name], { encoding: 'utf8' });
  return status === 0 ? Number(stdout) : undefined;
}
