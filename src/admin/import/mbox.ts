import type { FileHandle } from 'node:fs/promises';
import { PosthornError } from '#kernel';
import { chunksOf, lookAt, openToRead, readAt } from './files.ts';
import { FROM_LINE_BYTES_MAX, fromLineDate } from './from-line.ts';
import { type MboxEvent, MboxSplitter } from './mbox-splitter.ts';
import type { Source, SourceEvent } from './source.ts';

/** Looks at an mbox file. @throws {not-found} when it cannot be read, {invalid} when it is no mbox */
export async function mboxSource(path: string): Promise<Source> {
  const found = await lookAt(path);
  if (found.isDirectory)
    throw new PosthornError('invalid', `${path} is a directory: import it with --maildir`);
  if (!found.isFile) throw new PosthornError('invalid', `${path} is not a plain file`);
  await using file = await openToRead(path);
  const kind = kindOf(await readAt(file, 0, 2 * FROM_LINE_BYTES_MAX));
  if (kind === undefined)
    throw new PosthornError(
      'invalid',
      `${path} is not an mbox file: it does not begin with a line "From SENDER DATE"; a file with one message is imported with --eml`,
    );
  return {
    totalBytes: found.sizeBytes,
    folders: [[]],
    read: () => readMbox(path, found, kind === 'dated'),
  };
}

/** What the beginning of an mbox says; undefined when it is none. An empty file is an mbox without messages. */
function kindOf(beginning: Buffer): 'dated' | 'undated' | undefined {
  const text = beginning.toString('latin1').replace(/^(?:\r?\n)+/, '');
  if (text === '' && beginning.length < 2 * FROM_LINE_BYTES_MAX) return 'dated';
  const [first = '', second = ''] = text.split(/\r?\n/, 2);
  if (first.length > FROM_LINE_BYTES_MAX) return undefined;
  if (fromLineDate(first) !== undefined) return 'dated';
  // Some programs leave the date away; then a header must follow, or this is a letter that begins so.
  const headerFollows = /^[!-9;-~]+[ \t]*:/.test(second);
  return first.startsWith('From ') && headerFollows ? 'undated' : undefined;
}

async function* readMbox(
  path: string,
  { sizeBytes, writtenMs }: { readonly sizeBytes: number; readonly writtenMs: number },
  dated: boolean,
): AsyncGenerator<readonly SourceEvent[]> {
  await using file = await openToRead(path);
  const splitter = new MboxSplitter({ dated });
  const advance = async function* (): AsyncGenerator<readonly SourceEvent[]> {
    for (;;) {
      yield splitter.advance().map((event) => sourceEvent(event, path, writtenMs));
      if (splitter.question === undefined) return;
      splitter.answer(await endsAt(file, splitter.question, sizeBytes, dated));
    }
  };
  for await (const chunk of chunksOf(file, sizeBytes)) {
    splitter.give(chunk);
    yield* advance();
    yield [{ kind: 'done', bytes: chunk.length }];
  }
  splitter.finish();
  yield* advance();
}

function sourceEvent(event: MboxEvent, path: string, writtenMs: number): SourceEvent {
  if (event.kind !== 'begin') return event;
  return {
    kind: 'begin',
    message: {
      where: `${path} at byte ${event.offset}`,
      levels: [],
      flags: 0,
      keywords: [],
      receivedMs: event.receivedMs,
      writtenMs,
      flagsInHeader: true,
    },
  };
}

/** Whether a message can end at an offset: a line ends there, and then comes the end of the file or a separator. */
async function endsAt(
  file: FileHandle,
  offset: number,
  sizeBytes: number,
  dated: boolean,
): Promise<boolean> {
  if (offset >= sizeBytes) return offset === sizeBytes;
  const around = await readAt(file, offset - 1, FROM_LINE_BYTES_MAX + 8);
  const text = around.toString('latin1');
  if (text[0] !== '\n') return false;
  const next = text.slice(1).replace(/^(?:\r?\n){1,2}/, '');
  if (next === '') return true;
  const lineEnd = next.search(/\r?\n/);
  if (lineEnd < 0 && next.length >= FROM_LINE_BYTES_MAX) return false;
  const line = lineEnd < 0 ? next : next.slice(0, lineEnd);
  return dated ? fromLineDate(line) !== undefined : line.startsWith('From ');
}
