import { PosthornError } from '#kernel';

const LINE_BYTES_MAX = 4096;

/** Reads one line from stdin, without its line end. @throws {invalid} when it is no UTF-8 or too long */
export async function readPassword(): Promise<string> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.includes(0x0a) || bytes.length > LINE_BYTES_MAX) break;
  }
  const lf = bytes.indexOf(0x0a);
  const line = lf < 0 ? bytes : bytes.subarray(0, lf);
  if (line.length > LINE_BYTES_MAX)
    throw new PosthornError('invalid', `the password on stdin has over ${LINE_BYTES_MAX} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      .decode(line)
      .replace(/\r$/, '');
  } catch {
    throw new PosthornError('invalid', 'the password on stdin is not UTF-8');
  }
}
