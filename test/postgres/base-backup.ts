import { chownSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestDatabase } from './database.ts';
import type { ServerUser } from './server-user.ts';

/** Directories whose content belongs to the running server; the copy has them empty. */
const EMPTY = new Set([
  'pg_wal',
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);
const LEFT_OUT = /^(postmaster\.(pid|opts)|pg_internal\.init.*|pgsql_tmp.*|current_logfiles)$/;

/**
 * Copies the data directory of a running server, as PostgreSQL's manual has it ("Making a Base Backup Using the Low Level
 * API"): all that pg_basebackup does, which not every installation of the server has. The log from the beginning of the
 * backup on must come from elsewhere: a replication slot that was made before.
 */
export async function copyRunning(
  database: TestDatabase,
  from: string,
  to: string,
  user: ServerUser | undefined,
): Promise<void> {
  await database.session(async (ask) => {
    await ask('select pg_backup_start($1, true)', ['base backup']);
    copyDirectory(from, to, user);
    const [stopped] = await ask<{ labelfile: string }>(
      'select labelfile from pg_backup_stop(false)',
    );
    const label = join(to, 'backup_label');
    writeFileSync(label, stopped!.labelfile, { mode: 0o600 });
    own(label, user);
  });
}

/** Gives a file to the user whom the server runs as. */
export function own(path: string, user: ServerUser | undefined): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}

function copyDirectory(from: string, to: string, user: ServerUser | undefined): void {
  mkdirSync(to, { mode: 0o700 });
  own(to, user);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (LEFT_OUT.test(entry.name)) continue;
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      if (EMPTY.has(entry.name)) makeEmpty(target, user);
      else copyDirectory(source, target, user);
    } else if (entry.isFile()) {
      try {
        copyFileSync(source, target);
      } catch (error) {
        // The server dropped it meanwhile; its log says so to the copy too.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        throw error;
      }
      own(target, user);
    }
  }
}

function makeEmpty(path: string, user: ServerUser | undefined): void {
  mkdirSync(path, { mode: 0o700 });
  own(path, user);
}
