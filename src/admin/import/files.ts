import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { PosthornError } from '#kernel';

const CHUNK_BYTES = 256 * 1024;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a directory',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'it is a directory',
  ELOOP: 'its symbolic links go round in circles',
  EMFILE: 'too many files are open',
};

/** Says why a file could not be read, for a person. */
export function readFailure(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : REASONS[code]) ?? message;
}

/** Gives kind, size and time of a file. @throws {not-found} saying why it cannot be read */
export async function lookAt(path: string): Promise<{
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  readonly sizeBytes: number;
  readonly writtenMs: number;
}> {
  try {
    const found = await stat(path);
    return {
      isDirectory: found.isDirectory(),
      isFile: found.isFile(),
      sizeBytes: found.size,
      writtenMs: found.mtimeMs,
    };
  } catch (error) {
    throw new PosthornError('not-found', `cannot read ${path}: ${readFailure(error)}`);
  }
}

/** Opens a file for reading. @throws {not-found} saying why it cannot be read */
export async function openToRead(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK a named pipe would wait for its writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new PosthornError('not-found', `cannot read ${path}: ${readFailure(error)}`);
  }
}

/** Reads bytes from an offset, each time into a buffer of its own; fewer than asked for only at the end of the file. */
export async function readAt(file: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  while (at < bytes) {
    const { bytesRead } = await file.read(buffer, at, bytes - at, offset + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return buffer.subarray(0, at);
}

/** Reads a file from its start in pieces, up to the size it had when it was looked at. */
export async function* chunksOf(file: FileHandle, sizeBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < sizeBytes; ) {
    const chunk = await readAt(file, at, Math.min(CHUNK_BYTES, sizeBytes - at));
    if (chunk.length === 0) return;
    at += chunk.length;
    yield chunk;
  }
}
