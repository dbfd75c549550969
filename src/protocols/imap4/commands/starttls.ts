import { encodeStatus } from '#wire';
import { bad, type Completion } from '../completion.ts';
import type { Session } from '../session.ts';

/**
 * STARTTLS (RFC 9051 §6.2.1). What the client sent behind it in the clear is dropped, so that nobody in between can put
 * commands in (RFC 9051 §11.1).
 */
export async function starttls(session: Session): Promise<Completion | undefined> {
  const { connection, server, input } = session;
  if (connection.secure) return bad('The connection is encrypted already');
  // RFC 4978 §3: compression lies above TLS, so TLS cannot come in below it any more.
  if (connection.compressed) return bad('STARTTLS comes before COMPRESS');
  if (server.secureContext === undefined) return bad('Encryption is not set up here');
  session.write(encodeStatus(session.tag, 'OK', 'Begin TLS now'));
  input.reader.clear();
  await connection.startTls(server.secureContext);
  input.reader.clear();
  return undefined;
}
