import type { Pop3Session } from '../session.ts';
import { usableMechanisms } from './auth.ts';

/** CAPA (RFC 2449 §5). */
export function capa(session: Pop3Session): Promise<void> {
  const lines = capabilities(session);
  session.ok('Capability list follows');
  return session.sendListing(lines.length, (number) => lines[number - 1]);
}

function capabilities(session: Pop3Session): readonly string[] {
  const { connection, context, drop } = session;
  const lines = ['TOP', 'UIDL', `SASL ${usableMechanisms(session).join(' ')}`];
  if (session.mayUsePlainText) lines.push('USER');
  if (context.secureContext !== undefined && !connection.secure && drop === undefined)
    lines.push('STLS');
  // RFC 6856 §2: "USER" says that user names and passwords may be UTF-8.
  lines.push('RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING', 'UTF8 USER', 'LANG', 'EXPIRE NEVER');
  // RFC 2449 §6.9 lets it be told to those only who have logged in.
  if (drop !== undefined) lines.push('IMPLEMENTATION Posthorn');
  return lines;
}
