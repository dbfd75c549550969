import { type BdatCommand, ChunkDecoder, formatReply, isFault, parseBdat } from '#wire';
import { type BodyIntake, drainBytesMax, openIntake } from '../body-intake.ts';
import { NEED_MAIL, NEED_RCPT, NO_VALID_RECIPIENTS, TOO_LARGE } from '../replies.ts';
import type { Session } from '../session.ts';

// bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ] CR LF                        ; RFC 3030 §2
// The chunk follows the command at once, so its bytes are read off whatever the answer is.
export async function bdat(session: Session, rest: string): Promise<void> {
  const command = parseBdat(rest);
  // Nobody knows how many bytes follow; to take them for commands would be an invitation.
  if (isFault(command))
    return session.close(formatReply(command.code, command.enhanced, command.text));
  if (command.sizeBytes > drainBytesMax(session)) return session.close(TOO_LARGE);
  const refusal = outOfOrder(session);
  const body = refusal === undefined ? begin(session) : refusal;
  if (typeof body !== 'string') return takeChunk(session, command, body);
  // RFC 3030 §2: after a chunk that failed the others fail too; the transaction is gone with the first.
  await session.reset();
  if (!(await receive(session, command.sizeBytes, undefined))) return;
  if (refusal === undefined) session.replyFailure(body);
  else session.refuse(refusal);
}

function outOfOrder(session: Session): string | undefined {
  const transaction = session.transaction;
  if (transaction === undefined) return NEED_MAIL;
  if (transaction.recipients.length > 0) return undefined;
  return transaction.refused > 0 ? NO_VALID_RECIPIENTS : NEED_RCPT;
}

/** The message so far, opened at its first chunk; or the reply that refuses it. */
function begin(session: Session): BodyIntake | string {
  const transaction = session.transaction!;
  if (transaction.body !== undefined) return transaction.body;
  const intake = openIntake(session, transaction.mail.body !== 'BINARYMIME');
  if (typeof intake !== 'string') transaction.body = intake;
  return intake;
}

async function takeChunk(session: Session, command: BdatCommand, body: BodyIntake): Promise<void> {
  if (!(await receive(session, command.sizeBytes, body))) return;
  if (command.last) {
    const outcome = await body.finish();
    await session.reset();
    return session.conclude(outcome);
  }
  if (body.refusal === undefined)
    return session.reply(`250 2.0.0 ${command.sizeBytes} octets received\r\n`);
  const reply = body.refusal;
  await session.reset();
  session.conclude({ reply, accepted: false });
}

/** Reads a chunk, to the message or to nowhere; false when the session is over before its end. */
async function receive(
  session: Session,
  sizeBytes: number,
  body: BodyIntake | undefined,
): Promise<boolean> {
  const { input } = session;
  const decoder = new ChunkDecoder(sizeBytes);
  input.beginData();
  while (!decoder.ended) {
    const piece = input.dataAtHand() ?? (await session.awaitData());
    if (piece === undefined) {
      session.lost();
      return false;
    }
    const own = decoder.take(piece);
    if (decoder.ended) input.endData(piece.subarray(own.length));
    const passed = body?.write(own);
    if (passed !== undefined) await passed;
  }
  return true;
}
