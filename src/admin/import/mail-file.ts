import { chunksOf, openToRead, readFailure } from './files.ts';
import type { SourceEvent, SourceMessage } from './source.ts';

/** A file that holds one message. */
export interface MailFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly message: SourceMessage;
}

/** Reads a file as one message. What cannot be read is skipped, saying why. */
export async function* readMailFile(file: MailFile): AsyncGenerator<readonly SourceEvent[]> {
  const { path, sizeBytes, message } = file;
  const skip = (reason: string): readonly SourceEvent[] => [
    { kind: 'skip', where: path, reason },
    { kind: 'done', bytes: sizeBytes },
  ];
  let read = 0;
  try {
    await using opened = await openToRead(path);
    for await (const chunk of chunksOf(opened, sizeBytes)) {
      if (read === 0 && isGzip(chunk)) {
        yield skip('it is compressed (gzip): unpack it first');
        return;
      }
      if (read === 0 && !beginsLikeMail(chunk)) {
        yield skip('it is not a message: no header field is near its beginning');
        return;
      }
      const events: SourceEvent[] = read === 0 ? [{ kind: 'begin', message }] : [];
      read += chunk.length;
      events.push({ kind: 'bytes', bytes: chunk });
      if (read === sizeBytes) events.push({ kind: 'end' }, { kind: 'done', bytes: sizeBytes });
      yield events;
    }
  } catch (error) {
    yield skip(readFailure(error));
    return;
  }
  if (sizeBytes === 0) yield skip('the file is empty');
  else if (read < sizeBytes) yield skip('the file became shorter while it was read');
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Bytes in which a message shows itself as one. */
const LOOKED_AT_BYTES = 8192;

/** Whether some line near the beginning is a header field (RFC 5322 §2.2); what is before it may be damaged. */
function beginsLikeMail(bytes: Buffer): boolean {
  return /^[!-9;-~]+[ \t]*:/m.test(bytes.toString('latin1', 0, LOOKED_AT_BYTES));
}
