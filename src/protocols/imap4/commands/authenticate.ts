import type { SaslExchange, SaslStep } from '#directory';
import {
  type AuthenticateCommand,
  decodeBase64,
  encodeContinuation,
  isCancel,
  responseCode,
} from '#wire';
import { capabilitiesOf } from '../capability.ts';
import { bad, type Completion, no, ok } from '../completion.ts';
import { AUTH_LINE_BYTES_MAX } from '../limits.ts';
import { failLogin } from '../login-failure.ts';
import type { Session } from '../session.ts';
import { isOn } from '../switched-off.ts';

/** AUTHENTICATE (RFC 9051 §6.2.2), with an initial response (RFC 4959). */
export async function authenticate(
  session: Session,
  { mechanism, initialResponse }: AuthenticateCommand,
): Promise<Completion> {
  const { directory } = session.server;
  if (!isOn(session, `AUTH=${mechanism}`))
    return no('That mechanism is switched off for this client', 'CANNOT');
  const exchange = directory.startSasl(mechanism, session.saslChannel);
  if (exchange === undefined) return refusalOf(session, mechanism);
  const end = await negotiate(session, exchange, initialResponse);
  if ('condition' in end) return end;
  if (end.kind === 'failure') return failLogin(session, end.reason);
  if (!session.logIn(end.account)) return no('Too many sessions of this mailbox', 'LIMIT');
  return ok('Logged in', responseCode.capability(capabilitiesOf(session)));
}

function refusalOf(session: Session, mechanism: string): Completion {
  if (!session.server.directory.isSaslMechanism(mechanism))
    return no('There is no such mechanism here', 'CANNOT');
  return session.channelSecure
    ? no('That mechanism cannot be used on this connection', 'CANNOT')
    : no('Encryption is needed first', 'PRIVACYREQUIRED');
}

/** Challenges and responses up to the end of the exchange, or a completion when the client breaks it off. */
async function negotiate(
  session: Session,
  exchange: SaslExchange,
  initialResponse: Buffer | undefined,
): Promise<Exclude<SaslStep, { readonly kind: 'challenge' }> | Completion> {
  let response = initialResponse;
  for (;;) {
    const step = await exchange.step(response);
    if (step.kind === 'failure') return step;
    if (step.kind === 'success' && step.data === undefined) return step;
    const answer = await ask(session, step.data ?? Buffer.alloc(0));
    if (!Buffer.isBuffer(answer)) return answer;
    if (step.kind === 'challenge') response = answer;
    // RFC 9051 §6.2.2: data that comes with success is a last challenge, its response is empty.
    else return answer.length === 0 ? step : bad('AUTHENTICATE: the last response must be empty');
  }
}

async function ask(session: Session, challenge: Buffer): Promise<Buffer | Completion> {
  session.write(encodeContinuation(challenge.toString('base64')));
  session.input.reader.expectLine(AUTH_LINE_BYTES_MAX);
  const step = await session.input.next();
  if (step === undefined) return bad('AUTHENTICATE: the connection ended');
  if (step.kind !== 'line') return bad('AUTHENTICATE: the response is too long');
  if (isCancel(step.bytes)) return bad('AUTHENTICATE cancelled');
  return decodeBase64(step.bytes) ?? bad('AUTHENTICATE: the response is not base64');
}
