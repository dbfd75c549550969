import type { Pop3Session } from '../session.ts';

/** STLS (RFC 2595 §4). What was sent ahead in the clear is dropped. */
export async function stls(session: Pop3Session): Promise<void> {
  const { secureContext } = session.context;
  if (session.connection.secure) return session.mistake('TLS is active already');
  if (secureContext === undefined) return session.mistake('TLS is not available');
  session.ok('Begin TLS negotiation');
  await session.startTls(secureContext);
}
