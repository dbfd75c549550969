import {
  access,
  constants,
  type FileHandle,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PosthornError, randomId } from '#kernel';
import { isBlobName, nameOrFresh, THRESHOLD_BYTES } from './name.ts';
import type { Blobs, BlobWriter, StoredBlob } from './port.ts';

/** Where blobs are that are being written; outside of a running server, what an interrupted write left behind. */
const UNFINISHED = 'unfinished';

/**
 * Blobs as files: `ab/abcdef…` in a directory, which several nodes may share. A file appears under its name only when it
 * is complete and synced.
 */
export class FileBlobs implements Blobs {
  readonly thresholdBytes: number;
  readonly #dir: string;
  /** Directories whose own names are known to be on stable storage. */
  readonly #durable = new Set<string>();

  constructor(dir: string, thresholdBytes: number = THRESHOLD_BYTES) {
    this.#dir = dir;
    this.thresholdBytes = thresholdBytes;
  }

  async verify(): Promise<void> {
    await wrap(async () => {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
      await access(this.#dir, constants.R_OK | constants.W_OK | constants.X_OK);
    });
  }

  async create(given?: string): Promise<BlobWriter> {
    const blob = nameOrFresh(given);
    const dir = join(this.#dir, blob.slice(0, 2));
    return await wrap(async () => {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await mkdir(join(this.#dir, UNFINISHED), { recursive: true, mode: 0o700 });
      // Two nodes may write the same given name at once.
      const path = join(this.#dir, UNFINISHED, `${blob}.${randomId(8).toLowerCase()}.part`);
      const file = await open(path, 'wx', 0o600);
      return new FileBlobWriter(blob, path, file, async () => {
        await rename(path, this.#path(blob));
        await this.#syncNames(dir);
      });
    });
  }

  /** Makes the names in a directory of blobs durable, and the name of the directory itself. */
  async #syncNames(dir: string): Promise<void> {
    await syncDirectory(dir);
    if (this.#durable.has(dir)) return;
    await syncDirectory(this.#dir);
    await syncDirectory(dirname(this.#dir));
    this.#durable.add(dir);
  }

  async read(blob: string, start: number, end: number): Promise<Buffer> {
    const bytes = await unlessMissing(async () => {
      await using file = await open(this.#path(blob), 'r');
      return await readRange(file, start, end);
    });
    if (bytes === undefined) throw new PosthornError('corrupt', `blob ${blob} is missing`);
    if (bytes.length < end - start)
      throw new PosthornError('corrupt', `blob ${blob} is shorter than ${end} bytes`);
    return bytes;
  }

  async size(blob: string): Promise<number | undefined> {
    return (await unlessMissing(() => stat(this.#path(blob))))?.size;
  }

  async remove(blob: string): Promise<void> {
    await wrap(() => rm(this.#path(blob), { force: true }));
  }

  async *list(): AsyncIterable<StoredBlob> {
    for (const dir of await namesIn(this.#dir)) {
      if (dir.length !== 2) continue;
      for (const blob of await namesIn(join(this.#dir, dir))) {
        if (!isBlobName(blob)) continue;
        const found = await unlessMissing(() => stat(join(this.#dir, dir, blob)));
        if (found !== undefined) yield { blob, sizeBytes: found.size, finishedAtMs: found.mtimeMs };
      }
    }
  }

  async removeUnfinished(untouchedSinceMs: number): Promise<void> {
    const dir = join(this.#dir, UNFINISHED);
    for (const name of await namesIn(dir)) {
      const path = join(dir, name);
      const found = await unlessMissing(() => stat(path));
      if (found !== undefined && found.mtimeMs < untouchedSinceMs)
        await wrap(() => rm(path, { force: true }));
    }
  }

  #path(blob: string): string {
    return join(this.#dir, blob.slice(0, 2), blob);
  }
}

class FileBlobWriter implements BlobWriter {
  readonly blob: string;
  readonly #path: string;
  readonly #publish: () => Promise<void>;
  #file: FileHandle | undefined;
  #finished = false;

  constructor(blob: string, path: string, file: FileHandle, publish: () => Promise<void>) {
    this.blob = blob;
    this.#path = path;
    this.#publish = publish;
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await wrap(async () => {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#file!.write(bytes, at);
        at += bytesWritten;
      }
    });
  }

  async finish(): Promise<void> {
    const file = this.#file!;
    await wrap(async () => {
      await file.sync();
      this.#file = undefined;
      await file.close();
      await this.#publish();
      this.#finished = true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#finished) return;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
    await rm(this.#path, { force: true });
  }
}

/** Names in a directory; none when it is not there. */
async function namesIn(dir: string): Promise<readonly string[]> {
  return (await unlessMissing(() => readdir(dir))) ?? [];
}

/** Undefined where a file or directory is not there: not yet, or removed by the clean-up since it was listed. */
async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  return await wrap(async () => {
    try {
      return await work();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** Reads bytes [start, end), fewer where the file ends before. */
async function readRange(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(end - start);
  let at = 0;
  while (at < bytes.length) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

async function syncDirectory(path: string): Promise<void> {
  await using dir = await open(path, 'r');
  await dir.sync();
}

async function wrap<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
      throw new PosthornError('disk-full', message, { cause: error });
    // The reason may pass (too many open files, a mount that is read-only for now): the sender tries again.
    if (code !== undefined) throw new PosthornError('unavailable', message, { cause: error });
    throw error;
  }
}
