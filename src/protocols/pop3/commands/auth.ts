import { type SaslChannel, type SaslExchange, type SaslStep, saslChannel } from '#directory';
import { pop3Continue } from '#wire';
import { openDrop, refusePlainText } from '../login.ts';
import type { Pop3Session } from '../session.ts';

const CANCELLED = 'Authentication cancelled';

/** AUTH (RFC 5034 §4). Without a mechanism it lists them, as clients from before CAPA expect. */
export async function auth(
  session: Pop3Session,
  mechanism: string | undefined,
  initial: string | undefined,
): Promise<void> {
  const { directory } = session.context;
  if (mechanism === undefined) {
    const mechanisms = usableMechanisms(session);
    session.ok('Mechanisms follow');
    return session.sendListing(mechanisms.length, (number) => mechanisms[number - 1]);
  }
  const sasl = directory.startSasl(mechanism, channelOf(session));
  if (sasl === undefined) {
    const known = directory.isSaslMechanism(mechanism);
    return known && !session.mayUsePlainText
      ? refusePlainText(session)
      : session.mistake('Unknown mechanism');
  }
  // RFC 5034 §4: "=" is an initial response that is there and empty.
  const first = initial === '=' ? Buffer.alloc(0) : initial && decodeBase64(initial);
  if (initial !== undefined && (first === undefined || first === ''))
    return session.mistake('The initial response is not base 64');
  await exchange(session, sasl, first || undefined);
}

/** The mechanisms that may be used on this connection. */
export function usableMechanisms(session: Pop3Session): readonly string[] {
  return session.context.directory.saslMechanisms(channelOf(session));
}

/** The connection as authentication sees it. */
export function channelOf({ connection, mayUsePlainText }: Pop3Session): SaslChannel {
  return saslChannel(connection, mayUsePlainText);
}

async function exchange(
  session: Pop3Session,
  sasl: SaslExchange,
  initial: Buffer | undefined,
): Promise<void> {
  let step: SaslStep = await sasl.step(initial);
  while (step.kind === 'challenge') {
    const response = await ask(session, step.data);
    if (response === undefined) return;
    step = await sasl.step(response);
  }
  if (step.kind === 'failure') return session.loginFailed(step.reason);
  // RFC 5034 §4: additional data with success goes as one more challenge, answered by an empty line.
  if (step.data !== undefined && (await ask(session, step.data)) === undefined) return;
  await openDrop(session, step.account);
}

/** Sends a challenge and gives the response; undefined when there is none, and that has been answered. */
async function ask(session: Pop3Session, challenge: Buffer): Promise<Buffer | undefined> {
  session.connection.write(pop3Continue(challenge));
  const line = await session.nextLine(session.context.limits.authLineBytesMax);
  if (line === undefined) {
    session.end();
    return undefined;
  }
  if (line.kind === 'unreadable') {
    session.err('Line without end');
    session.end();
    return undefined;
  }
  const response = line.kind === 'line' && line.text !== '*' ? decodeBase64(line.text) : undefined;
  if (response !== undefined) return response;
  session.mistake(line.kind === 'line' && line.text === '*' ? CANCELLED : 'Not base 64');
  return undefined;
}

function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}
