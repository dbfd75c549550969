import { formatReply, isFault, parseHello } from '#wire';
import type { Session } from '../session.ts';

// ehlo = "EHLO" SP ( Domain / address-literal ) CRLF                             ; RFC 5321 §4.1.1.1
// It also resets the transaction (RFC 5321 §4.1.4). Its reply has no enhanced status code (RFC 2034 §4).
export async function ehlo(session: Session, rest: string): Promise<void> {
  const hello = parseHello(rest);
  if (isFault(hello)) return session.refuse(hello);
  await session.reset();
  session.hello = { name: hello.name, extended: true };
  session.reply(formatReply(250, undefined, [session.receiver.hostname, ...extensions(session)]));
}

function extensions(session: Session): readonly string[] {
  const { limits, secureContext } = session.receiver;
  const offered = [
    'PIPELINING',
    `SIZE ${limits.sizeBytesMax}`,
    '8BITMIME',
    'SMTPUTF8',
    'CHUNKING',
    'BINARYMIME',
    'ENHANCEDSTATUSCODES',
    'DSN',
    // RFC 9422 §4
    `LIMITS RCPTMAX=${limits.recipientsMax} MAILMAX=${limits.messagesMax}`,
  ];
  // RFC 3207 §4.2: not offered again once TLS is there.
  if (secureContext !== undefined && !session.connection.secure) offered.push('STARTTLS');
  if (offersAuth(session))
    offered.push(
      `AUTH ${session.receiver.directory.saslMechanisms(session.saslChannel).join(' ')}`,
    );
  offered.push('HELP');
  return offered;
}

/** RFC 4954 §4: mechanisms that send a password are not offered before TLS; here none is. */
function offersAuth(session: Session): boolean {
  return (
    session.receiver.role === 'submission' && session.channelSecure && session.account === undefined
  );
}
