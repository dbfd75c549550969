import { PosthornError } from '#kernel';
import { INBOX_ID } from '#model';
import type { Entry, EntryColumns } from '#store';
import { encodeMultiline, MultilineEncoder, pop3Ok, type TopCutter } from '#wire';
import type { Drop, DropMessage } from './drop.ts';
import type { Pop3Session } from './session.ts';

/** Up to this size a message comes with its entry, in one read. */
const WHOLE_BYTES_MAX = 128 * 1024;
/** Larger ones are read and sent in ranges. */
const RANGE_BYTES = 256 * 1024;
/** TOP wants little of a message. */
const TOP_RANGE_BYTES = 16 * 1024;
const GATHER_BYTES_MAX = 16 * 1024;

/**
 * Answers RETR: the message exactly as it is stored, or -ERR when it is no longer there. No promise: all of it was at hand.
 *
 * RFC 6856 §2 would have internationalized headers rewritten for clients that did not say UTF8; they get them as
 * they are, like from every server that keeps messages intact.
 */
export function sendWhole(
  session: Pop3Session,
  drop: Drop,
  message: DropMessage,
): Promise<void> | undefined {
  const entry =
    message.sizeBytes <= WHOLE_BYTES_MAX
      ? drop.whole.entry(message)
      : readEntry(drop, message, { only: 'bytes' });
  return entry instanceof Promise
    ? entry.then((read) => sendEntry(session, drop, message, read))
    : sendEntry(session, drop, message, entry);
}

function sendEntry(
  session: Pop3Session,
  drop: Drop,
  message: DropMessage,
  entry: Entry | undefined,
): Promise<void> | undefined {
  const { connection } = session;
  const reply = `${message.sizeBytes} octets`;
  if (entry?.wire?.length !== message.sizeBytes)
    return sendPieces(session, drop, message, { entry, reply });
  connection.write(`${pop3Ok(reply)}${encodeMultiline(entry.wire)}`);
  if (!connection.closed) drop.markSeen(message);
  return undefined;
}

/** Answers TOP: what the cutter wants of the message, or -ERR when it is no longer there. */
export async function sendTop(
  session: Pop3Session,
  drop: Drop,
  message: DropMessage,
  cutter: TopCutter,
): Promise<void> {
  const entry = await readEntry(drop, message, { only: 'bytes', head: true, wire: true });
  await sendPieces(session, drop, message, { entry, reply: 'Top of message follows', cutter });
}

/** Sends a message while it is read. */
async function sendPieces(
  session: Pop3Session,
  drop: Drop,
  message: DropMessage,
  answer: {
    readonly entry: Entry | undefined;
    readonly reply: string;
    readonly cutter?: TopCutter;
  },
): Promise<void> {
  const { entry, reply, cutter } = answer;
  const pieces = entry && piecesOf(drop, entry, cutter ? TOP_RANGE_BYTES : RANGE_BYTES);
  const first = await pieces?.next();
  if (first === undefined || (first.done && message.sizeBytes > 0)) {
    session.err('The message was removed meanwhile');
    return;
  }
  const { connection } = session;
  const encoder = new MultilineEncoder();
  session.ok(reply);
  await session.inBody(async () => {
    for (let piece = first; !piece.done; piece = await pieces!.next()) {
      const bytes = encoder.push(cutter?.take(piece.value) ?? piece.value);
      // Small pieces are gathered with the reply into one write.
      connection.write(bytes.length <= GATHER_BYTES_MAX ? bytes.toString('latin1') : bytes);
      if (cutter?.done === true || connection.closed) break;
      if (connection.backlogged) await connection.drained();
    }
    connection.write(encoder.end());
  });
  if (cutter === undefined && !connection.closed) drop.markSeen(message);
}

/** TOP begins with the header, which is kept apart: of the body no more is read than is wanted of it. Of a large message nothing yet. */
async function readEntry(
  drop: Drop,
  { uid }: DropMessage,
  columns: EntryColumns,
): Promise<Entry | undefined> {
  const [entry] = await drop.mailbox.entries({
    folderId: INBOX_ID,
    uids: [[uid, uid]],
    columns,
    limit: 1,
  });
  return entry;
}

/** The bytes of a message in order; none when it is gone. @throws {corrupt} when they end early */
async function* piecesOf(drop: Drop, entry: Entry, rangeBytes: number): AsyncGenerator<Buffer> {
  const { wire = '' } = entry;
  if (wire !== '') yield Buffer.from(wire, 'latin1');
  for (let start = wire.length; start < entry.sizeBytes; ) {
    const end = Math.min(start + rangeBytes, entry.sizeBytes);
    const bytes = await drop.mailbox.contentBytes(entry.contentId, start, end);
    if (bytes === undefined && start === 0) return;
    if (bytes === undefined || bytes.length === 0)
      throw new PosthornError('corrupt', `content ${entry.contentId} has no byte ${start}`);
    yield bytes;
    start += bytes.length;
  }
}
