import assert from 'node:assert/strict';
import {
  decodeSaslResponse,
  decodeXtext,
  encodeXtext,
  isFault,
  LineReader,
  parseAuth,
  parseBdat,
  parseCommandLine,
  parseHello,
  parseMail,
  parseRcpt,
  ReplyReader,
  type SmtpReply,
} from '../../../src/wire/smtp/index.ts';
import { SMTP_WORDS, smtpCommand, smtpReply } from '../grammar/smtp.ts';
import { inPieces } from '../random.ts';
import { type Target, wire } from '../target.ts';

const LINE_BYTES_MAX = 1000;

function linesIn(pieces: readonly Buffer[]): readonly (Buffer | string)[] {
  const reader = new LineReader(LINE_BYTES_MAX);
  const lines: (Buffer | string)[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let line = reader.next(); line !== undefined; line = reader.next())
      lines.push(typeof line === 'string' ? line : Buffer.from(line));
  }
  return lines;
}

function repliesIn(pieces: readonly Buffer[]): readonly [readonly SmtpReply[], boolean] {
  const reader = new ReplyReader();
  const replies: SmtpReply[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let reply = reader.next(); reply !== undefined; reply = reader.next()) replies.push(reply);
  }
  return [replies, reader.broken];
}

/** What a server would answer to a line: the verb, or the fault. */
function parseLine(line: Buffer): string {
  const command = parseCommandLine(line);
  if (isFault(command)) return faultText(command);
  const { verb, rest } = command;
  assert.doesNotMatch(rest, /[\x00-\x1f\x7f]/);
  const parsed = parseArguments(verb, rest);
  if (parsed === undefined) return 'OTHER';
  if (isFault(parsed)) return `${verb} ${faultText(parsed)}`;
  if (parsed.kind === 'mail' || parsed.kind === 'rcpt') checkPath(parsed);
  return `${verb} ${Object.entries(parsed).filter(([, value]) => value !== undefined).length}`;
}

function parseArguments(verb: string, rest: string) {
  switch (verb) {
    case 'MAIL':
      return parseMail(rest);
    case 'RCPT':
      return parseRcpt(rest);
    case 'BDAT':
      return parseBdat(rest);
    case 'AUTH':
      return parseAuth(rest);
    case 'EHLO':
    case 'HELO':
      return parseHello(rest);
    default:
      return undefined;
  }
}

function faultText({
  code,
  enhanced,
  text,
}: {
  code: number;
  enhanced: string;
  text: string;
}): string {
  assert.ok(code >= 500 && code <= 555);
  assert.match(enhanced, /^5\.\d\.\d+$/);
  assert.match(text, /^[\x20-\x7e]+$/);
  return `${code} ${enhanced} ${text.slice(0, 30)}`;
}

function checkPath(
  command:
    | Extract<ReturnType<typeof parseMail>, { kind: 'mail' }>
    | Extract<ReturnType<typeof parseRcpt>, { kind: 'rcpt' }>,
): void {
  const address = command.kind === 'mail' ? command.from : command.to;
  if (address === undefined) return;
  assert.doesNotMatch(address.local + address.domain, /[\x00-\x1f\x7f]/);
  assert.ok(Buffer.byteLength(address.local) <= 256 && Buffer.byteLength(address.domain) <= 256);
  // dcontent, which may hold ">" (RFC 5321 §4.1.3).
  if (address.domain.startsWith('[')) assert.match(address.domain, /^\[[\x21-\x5a\x5e-\x7e]+\]$/);
  else assert.doesNotMatch(address.domain, /[\s<>@A-Z]/);
}

/** Command lines and replies of SMTP. */
export const target: Target = {
  name: 'smtp',
  seeds: ['EHLO x\r\nMAIL FROM:<a@b.test> SIZE=1\r\n', '250-a\r\n250 b\r\n'],
  words: SMTP_WORDS,
  bytesMax: 10_000,
  generate: (random) =>
    wire(
      random.oneIn(4)
        ? random.some(1, 4, () => smtpReply(random)).join('')
        : Buffer.from(random.some(1, 6, () => `${smtpCommand(random)}\r\n`).join('')).toString(
            'latin1',
          ),
    ),
  run(input) {
    const pieces = inPieces(input);
    const lines = linesIn([input]);
    assert.deepEqual(linesIn(pieces), lines, 'the same lines however it is cut');
    const replies = repliesIn([input]);
    assert.deepEqual(repliesIn(pieces), replies, 'the same replies however it is cut');
    const said = input.toString('latin1');
    const printable = said.replace(/[^\x20-\x7e]/g, '?');
    assert.equal(decodeXtext(encodeXtext(printable)), printable);
    decodeXtext(said);
    decodeSaslResponse(said);
    let outcome = 'nothing';
    for (const line of lines) outcome = typeof line === 'string' ? line : parseLine(line);
    return replies[0].length > 0
      ? `${Math.min(5, replies[0].length)} replies ${replies[1]}`
      : outcome;
  },
};
