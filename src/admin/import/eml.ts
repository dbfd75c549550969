import { PosthornError } from '#kernel';
import { lookAt, openToRead } from './files.ts';
import { type MailFile, readMailFile } from './mail-file.ts';
import type { Source } from './source.ts';

/** Looks at files with one message each. @throws {not-found}, {invalid} naming the first that cannot be read */
export async function emlSource(paths: readonly string[]): Promise<Source> {
  const files: MailFile[] = [];
  for (const path of paths) files.push(await lookAtMail(path));
  return {
    totalBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    folders: [[]],
    async *read() {
      for (const file of files) yield* readMailFile(file);
    },
  };
}

async function lookAtMail(path: string): Promise<MailFile> {
  const { isDirectory, isFile, sizeBytes, writtenMs } = await lookAt(path);
  if (isDirectory)
    throw new PosthornError(
      'invalid',
      `${path} is a directory: --eml takes files with one message each, --maildir a Maildir`,
    );
  if (!isFile) throw new PosthornError('invalid', `${path} is not a plain file`);
  await (await openToRead(path)).close();
  const message = {
    where: path,
    levels: [],
    flags: 0,
    keywords: [],
    receivedMs: undefined,
    writtenMs,
    flagsInHeader: false,
  };
  return { path, sizeBytes, message };
}
