import { type CompressCommand, encodeStatus } from '#wire';
import { bad, type Completion, no } from '../completion.ts';
import type { Session } from '../session.ts';

/**
 * COMPRESS (RFC 4978 §3): everything behind the CRLF of the tagged OK is compressed, in both directions, until the
 * connection ends.
 */
export function compress(session: Session, { algorithm }: CompressCommand): Completion | undefined {
  const { connection, input } = session;
  if (algorithm !== 'DEFLATE') return no('Only DEFLATE is known here', 'CANNOT');
  if (connection.compressed) return no('The connection is compressed already', 'COMPRESSIONACTIVE');
  // RFC 4978 §3: the client awaits the answer, or nobody could tell which of its bytes are compressed.
  if (input.reader.bufferedBytes > 0 || connection.hasInput)
    return bad('COMPRESS: nothing may be sent before its answer');
  session.write(encodeStatus(session.tag, 'OK', 'DEFLATE active'));
  connection.compress();
  return undefined;
}
