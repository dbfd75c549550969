import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PosthornError } from '#kernel';
import { lookAt, openToRead, readFailure } from './files.ts';
import { type MailFile, readMailFile } from './mail-file.ts';
import { folderLevels, keywordList, maildirFlags } from './maildir-name.ts';
import type { Source } from './source.ts';

/** Directories nest at most so deep. */
const DEPTH_MAX = 30;
const PARTS: readonly string[] = ['cur', 'new', 'tmp'];

/**
 * Looks at a Maildir and the folders below it: Maildir++ (`.A.B`) and plain directories that are Maildirs.
 * @throws {not-found}, {invalid} when it is none, or something in it cannot be read
 */
export async function maildirSource(path: string): Promise<Source> {
  if (!(await lookAt(path)).isDirectory)
    throw new PosthornError(
      'invalid',
      `${path} is a file: import it with --mbox, or --eml when it holds one message`,
    );
  const found: Folder[] = [];
  await findFolders(path, [], found, 0);
  if (found.length === 0)
    throw new PosthornError(
      'invalid',
      `${path} is not a Maildir: neither it nor a directory below it has "cur" or "new"`,
    );
  const files: MailFile[] = [];
  for (const folder of found) files.push(...(await listFolder(folder)));
  return {
    totalBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    folders: found.map((folder) => folder.levels),
    async *read() {
      for (const file of files) yield* readMailFile(file);
    },
  };
}

interface Folder {
  readonly path: string;
  readonly levels: readonly string[];
  /** Those of `cur` and `new` that are there. */
  readonly parts: readonly string[];
}

async function findFolders(
  path: string,
  levels: readonly string[],
  found: Folder[],
  depth: number,
): Promise<void> {
  const directories = (await list(path)).filter((entry) => entry.isDirectory());
  const parts = ['new', 'cur'].filter((part) => directories.some(({ name }) => name === part));
  if (parts.length > 0) found.push({ path, levels, parts });
  if (depth === DEPTH_MAX) return;
  for (const { name } of directories.sort(byName)) {
    if (PARTS.includes(name)) continue;
    await findFolders(join(path, name), [...levels, ...folderLevels(name)], found, depth + 1);
  }
}

async function listFolder({ path, levels, parts }: Folder): Promise<MailFile[]> {
  const keywordNames = await readKeywords(join(path, 'dovecot-keywords'));
  const files: MailFile[] = [];
  for (const part of parts) {
    for (const entry of await list(join(path, part))) {
      if (entry.isDirectory() || entry.name.startsWith('.')) continue;
      files.push(await lookAtMail(join(path, part, entry.name), levels, keywordNames));
    }
  }
  return files.sort(byDelivery);
}

async function lookAtMail(
  path: string,
  levels: readonly string[],
  keywordNames: readonly string[],
): Promise<MailFile> {
  const { isFile, sizeBytes, writtenMs } = await lookAt(path);
  if (!isFile) throw new PosthornError('invalid', `${path} is not a plain file`);
  await (await openToRead(path)).close();
  const message = {
    where: path,
    levels,
    ...maildirFlags(path.slice(path.lastIndexOf('/') + 1), keywordNames),
    receivedMs: writtenMs,
    writtenMs,
    flagsInHeader: false,
  };
  return { path, sizeBytes, message };
}

async function list(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    throw new PosthornError('not-found', `cannot read ${path}: ${readFailure(error)}`);
  }
}

async function readKeywords(path: string): Promise<readonly string[]> {
  try {
    return keywordList(await readFile(path, 'utf8'));
  } catch {
    return [];
  }
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}

/** Names begin with the second of the delivery; equal ones sort as text. */
function byDelivery(a: MailFile, b: MailFile): number {
  const nameOf = (file: MailFile): string => file.path.slice(file.path.lastIndexOf('/') + 1);
  const [first, second] = [nameOf(a), nameOf(b)];
  const seconds = Number.parseInt(first, 10) - Number.parseInt(second, 10);
  if (seconds !== 0 && !Number.isNaN(seconds)) return seconds;
  return first < second ? -1 : 1;
}
