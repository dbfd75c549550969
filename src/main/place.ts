import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PosthornError, systemClock } from '#kernel';
import { parseTarget } from '#storage/postgres/target';
import { DATABASE_FILE } from '#storage/sqlite';
import { writeWhole } from './whole-file.ts';

/** Where the mail of a data directory is: in it, or on a PostgreSQL that other nodes share. */
export type Place =
  | { readonly kind: 'sqlite' }
  | {
      readonly kind: 'postgres';
      readonly url: string;
      /** A directory or `s3://…` for large bodies; undefined: they are in the database too. */
      readonly blobs: string | undefined;
    };

/** What the command line or the configuration says of it. */
export interface PlaceOptions {
  readonly engine: string | undefined;
  readonly blobs: string | undefined;
}

/** Kept in the directory, so that every command finds the mail there, whoever started the server how. It may hold a password. */
const PLACE_FILE = 'engine.json';

const FILE = z.strictObject({ engine: z.string().min(1), blobs: z.string().min(1).optional() });

/** Whether a directory is a data directory. */
export function isDataDirectory(dataDir: string): boolean {
  return existsSync(join(dataDir, DATABASE_FILE)) || existsSync(join(dataDir, PLACE_FILE));
}

/** Where the mail of a directory is. @throws {configuration} when its note of that cannot be read */
export function placeOf(dataDir: string): Place {
  const path = join(dataDir, PLACE_FILE);
  if (!existsSync(path)) return { kind: 'sqlite' };
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new PosthornError('configuration', `${path}: ${(error as Error).message}`);
  }
  const parsed = FILE.safeParse(value);
  if (!parsed.success)
    throw new PosthornError(
      'configuration',
      `${path} is not {"engine": "postgres://…", "blobs": "…"}: ${parsed.error.issues[0]?.message}`,
    );
  const { engine, blobs } = parsed.data;
  return parsePlace(engine, blobs);
}

/**
 * Puts together what the directory notes and what was given.
 * @throws {configuration} when the directory holds mail that would be left behind
 */
export function choosePlace(dataDir: string, { engine, blobs }: PlaceOptions): Place {
  const noted = placeOf(dataDir);
  if (engine === undefined) {
    if (blobs === undefined) return noted;
    if (noted.kind === 'postgres') return { ...noted, blobs };
    throw new PosthornError(
      'configuration',
      '--blobs is for an engine that several nodes share: name it with --engine postgres://…',
    );
  }
  const { shown } = parseTarget(engine);
  if (noted.kind === 'sqlite' && existsSync(join(dataDir, DATABASE_FILE)))
    throw new PosthornError(
      'configuration',
      `${dataDir} holds mail of its own, which ${shown} does not have: move it there with "posthorn migrate --to ${shown}", or name another --data`,
    );
  return { kind: 'postgres', url: engine, blobs: blobs ?? blobsOf(noted) };
}

/** Reads a place on PostgreSQL. @throws {configuration} */
export function parsePlace(engine: string, blobs: string | undefined): Place {
  parseTarget(engine);
  return { kind: 'postgres', url: engine, blobs };
}

/** Notes where the mail of a directory is from now on. */
export function notePlace(dataDir: string, place: Place): void {
  if (place.kind === 'sqlite') {
    rmSync(join(dataDir, PLACE_FILE), { force: true });
    return;
  }
  const note = { engine: place.url, ...(place.blobs === undefined ? {} : { blobs: place.blobs }) };
  writeWhole(join(dataDir, PLACE_FILE), `${JSON.stringify(note, undefined, 2)}\n`);
}

/**
 * The database that a move has left behind in a directory whose mail is elsewhere now is kept under another name: nothing may take it for
 * what is served.
 */
export function setAsideMoved(dataDir: string, place: Place): void {
  if (place.kind === 'sqlite' || !existsSync(join(dataDir, DATABASE_FILE))) return;
  const day = new Date(systemClock.now()).toISOString().replace(/[:.]/g, '-');
  for (const suffix of ['-wal', '-shm', '']) {
    const path = join(dataDir, `${DATABASE_FILE}${suffix}`);
    if (existsSync(path)) renameSync(path, join(dataDir, `moved-${day}.db${suffix}`));
  }
}

function blobsOf(place: Place): string | undefined {
  return place.kind === 'postgres' ? place.blobs : undefined;
}
