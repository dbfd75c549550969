import type { Account, SaslExchange, SaslStep } from '#directory';
import { assertNever, waits } from '#kernel';
import { decodeSaslResponse, formatReply, isFault, parseAuth } from '#wire';
import { HELLO_FIRST } from '../replies.ts';
import type { Session } from '../session.ts';

const NOT_OFFERED = formatReply(503, '5.5.1', 'AUTH is not offered here');
const ALREADY = formatReply(503, '5.5.1', 'Already authenticated');
const IN_TRANSACTION = formatReply(503, '5.5.1', 'AUTH is not allowed within a mail transaction');
const NEEDS_TLS = formatReply(538, '5.7.11', 'Encryption required for authentication');
const UNKNOWN_MECHANISM = formatReply(504, '5.5.4', 'Authentication mechanism not supported');
const NOT_BASE64 = formatReply(501, '5.5.2', 'Not base 64');
const CANCELLED = formatReply(501, '5.7.0', 'Authentication cancelled');
// RFC 4954 §6: 500 5.5.6
const TOO_LONG = formatReply(500, '5.5.6', 'Authentication exchange line is too long');
const SUCCESS = formatReply(235, '2.7.0', 'Authentication successful');
const FAILURE = formatReply(535, '5.7.8', 'Authentication credentials invalid');
// RFC 4954 §6: 454 4.7.0, so that the user is not asked for another password.
const TEMPORARY_FAILURE = formatReply(454, '4.7.0', 'Temporary authentication failure');
const TOO_MANY_FAILURES = formatReply(421, '4.7.0', 'Too many failed authentications');

/** What the client answered to a challenge, or the reply that ends the exchange. */
type Response =
  | { readonly kind: 'response'; readonly data: Buffer | undefined }
  | { readonly kind: 'ended'; readonly reply: string | undefined };

// auth-command = "AUTH" SP sasl-mech [SP initial-response] *(CRLF [base64]) [CRLF cancel-response] CRLF
// RFC 4954 §4, §8
export async function auth(session: Session, rest: string): Promise<void> {
  const refusal = outOfOrder(session);
  if (refusal !== undefined) return session.refuse(refusal);
  const command = parseAuth(rest);
  if (isFault(command)) return session.refuse(command);
  const { directory } = session.receiver;
  const exchange = directory.startSasl(command.mechanism, session.saslChannel);
  if (exchange === undefined) return session.refuse(UNKNOWN_MECHANISM);
  const initial = firstResponse(command.initialResponse);
  if (initial.kind === 'ended') return session.refuse(initial.reply ?? NOT_BASE64);
  try {
    await converse(session, exchange, initial.data);
  } catch (error) {
    session.failureReply(error);
    session.reply(TEMPORARY_FAILURE);
  }
}

function outOfOrder(session: Session): string | undefined {
  if (session.receiver.role === 'mx') return NOT_OFFERED;
  if (session.hello === undefined) return HELLO_FIRST;
  if (session.account !== undefined) return ALREADY;
  if (session.transaction !== undefined) return IN_TRANSACTION;
  return session.channelSecure ? undefined : NEEDS_TLS;
}

function firstResponse(text: string | undefined): Response {
  if (text === undefined) return { kind: 'response', data: undefined };
  const data = decodeSaslResponse(text);
  return data === undefined ? { kind: 'ended', reply: NOT_BASE64 } : { kind: 'response', data };
}

/** Leads the exchange of challenges and responses to its end. */
async function converse(
  session: Session,
  exchange: SaslExchange,
  initial: Buffer | undefined,
): Promise<void> {
  let step: SaslStep = await exchange.step(initial);
  while (step.kind === 'challenge') {
    const response = await challenge(session, step.data);
    if (response.kind === 'ended') return endEarly(session, response.reply);
    step = await exchange.step(response.data);
  }
  switch (step.kind) {
    case 'success':
      return succeed(session, step.account, step.data);
    case 'failure':
      return fail(session, step.reason);
    default:
      assertNever(step);
  }
}

/** Sends a challenge and waits for the response to it. */
async function challenge(session: Session, data: Buffer): Promise<Response> {
  session.reply(`334 ${data.toString('base64')}\r\n`);
  let line = session.input.line();
  while (line === undefined) {
    if (!(await session.awaitLine())) return { kind: 'ended', reply: undefined };
    line = session.input.line();
  }
  if (line === 'line-too-long') return { kind: 'ended', reply: TOO_LONG };
  if (line === 'bare-lf') return { kind: 'ended', reply: NOT_BASE64 };
  const text = line.toString('latin1');
  if (text === '*') return { kind: 'ended', reply: CANCELLED };
  const response = decodeSaslResponse(text);
  if (response === undefined) return { kind: 'ended', reply: NOT_BASE64 };
  return { kind: 'response', data: response };
}

function endEarly(session: Session, reply: string | undefined): void {
  if (reply === undefined) session.lost();
  else session.refuse(reply);
}

/** SMTP has no place for data in its success reply: it goes as one more challenge (RFC 4954 §4). */
async function succeed(
  session: Session,
  account: Account,
  data: Buffer | undefined,
): Promise<void> {
  if (data !== undefined) {
    const response = await challenge(session, data);
    if (response.kind === 'ended') return endEarly(session, response.reply);
  }
  session.account = account;
  session.connection.guest?.settle();
  session.authFailures = 0;
  session.log.debug({ mailbox: account.address }, 'authenticated');
  session.reply(SUCCESS);
}

/** Makes guessing slow, and ends a session that goes on with it. */
async function fail(session: Session, reason: string): Promise<void> {
  const { clock, limits } = session.receiver;
  session.authFailures++;
  session.log.warn({ reason, failures: session.authFailures }, 'authentication failed');
  const delayMs = limits.authFailureDelayMs * session.authFailures;
  session.flush();
  const delay = clock.sleep(delayMs);
  await waits.track(
    'the delay after a failed login',
    session.connection.owner,
    delayMs + 5000,
    delay,
  );
  session.refuse(FAILURE);
  if (session.authFailures >= limits.authFailuresMax) session.close(TOO_MANY_FAILURES);
}
