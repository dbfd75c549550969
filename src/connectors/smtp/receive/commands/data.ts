import { DotDecoder, formatReply } from '#wire';
import { type BodyIntake, openIntake } from '../body-intake.ts';
import {
  BARE_LINE_END,
  NEED_MAIL,
  NEED_RCPT,
  NO_ARGUMENTS,
  NO_VALID_RECIPIENTS,
  TOO_LARGE,
} from '../replies.ts';
import type { Session } from '../session.ts';

const GO_AHEAD = '354 Start mail input; end with <CRLF>.<CRLF>\r\n';
const AFTER_BDAT = formatReply(503, '5.5.1', 'DATA after BDAT');
// RFC 3030 §3: BINARYMIME can be sent only with BDAT.
const BINARY = formatReply(503, '5.5.1', 'BODY=BINARYMIME needs BDAT');

// data = "DATA" CRLF                                                             ; RFC 5321 §4.1.1.4
export async function data(session: Session, rest: string): Promise<void> {
  const refusal = rest === '' ? outOfOrder(session) : NO_ARGUMENTS;
  if (refusal !== undefined) return session.refuse(refusal);
  const intake = openIntake(session, false);
  if (typeof intake === 'string') {
    await session.reset();
    return session.replyFailure(intake);
  }
  await using body = intake;
  session.reply(GO_AHEAD);
  if (!(await receive(session, body))) return;
  session.transaction = undefined;
  session.conclude(await body.finish());
}

function outOfOrder(session: Session): string | undefined {
  const transaction = session.transaction;
  if (transaction === undefined) return NEED_MAIL;
  if (transaction.body !== undefined) return AFTER_BDAT;
  if (transaction.mail.body === 'BINARYMIME') return BINARY;
  if (transaction.recipients.length > 0) return undefined;
  return transaction.refused > 0 ? NO_VALID_RECIPIENTS : NEED_RCPT;
}

/** Reads up to the end of data; false when the session is over before that. */
async function receive(session: Session, body: BodyIntake): Promise<boolean> {
  const { input } = session;
  const decoder = new DotDecoder();
  input.beginData();
  let chunk = input.dataAtHand();
  for (;;) {
    chunk ??= await session.awaitData();
    if (chunk === undefined) {
      session.lost();
      return false;
    }
    decoder.push(chunk);
    for (let piece = decoder.next(); piece !== undefined; piece = decoder.next()) {
      const passed = body.write(piece);
      if (passed !== undefined) await passed;
    }
    if (decoder.broken) {
      body.refuse(BARE_LINE_END);
      body.skip(chunk.length);
    }
    if (decoder.ended) {
      input.endData(decoder.rest());
      return true;
    }
    if (body.flooded) {
      session.close(body.refusal ?? TOO_LARGE);
      return false;
    }
    chunk = undefined;
  }
}
