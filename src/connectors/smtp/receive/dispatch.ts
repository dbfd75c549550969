import { formatReply, isFault, isHttpRequestLine, type LineFault, parseCommandLine } from '#wire';
import { auth } from './commands/auth.ts';
import { bdat } from './commands/bdat.ts';
import { data } from './commands/data.ts';
import { ehlo } from './commands/ehlo.ts';
import { expn } from './commands/expn.ts';
import { helo } from './commands/helo.ts';
import { help } from './commands/help.ts';
import { mail } from './commands/mail.ts';
import { noop } from './commands/noop.ts';
import { quit } from './commands/quit.ts';
import { rcpt } from './commands/rcpt.ts';
import { rset } from './commands/rset.ts';
import { starttls } from './commands/starttls.ts';
import { vrfy } from './commands/vrfy.ts';
import { COMMAND_BYTES_MAX } from './limits.ts';
import type { Session } from './session.ts';

/** Carries out a command, given what follows its verb; a promise when it must wait. */
export type Command = (session: Session, rest: string) => Promise<void> | void;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['HELO', helo],
  ['EHLO', ehlo],
  ['MAIL', mail],
  ['RCPT', rcpt],
  ['DATA', data],
  ['BDAT', bdat],
  ['RSET', rset],
  ['NOOP', noop],
  ['VRFY', vrfy],
  ['HELP', help],
  ['EXPN', expn],
  ['QUIT', quit],
  ['STARTTLS', starttls],
  ['AUTH', auth],
]);

/** Verbs of other RFCs that this server does not carry out (RFC 5321 §4.2.4: 502). */
const NOT_IMPLEMENTED: ReadonlySet<string> = new Set([
  'SEND',
  'SOML',
  'SAML',
  'TURN',
  'ATRN',
  'ETRN',
]);

// RFC 5321 §4.5.3.1.9: 500 for a line that is too long; §4.2.4: 500 for a command that is not recognized, 502 for one
// that is but is not implemented. RFC 3463 §3.6: X.5.1 unsupported command, X.5.2 syntax error.
const TOO_LONG = formatReply(500, '5.5.2', 'Line too long');
const BARE_LF = formatReply(500, '5.5.2', 'Lines must end with CR LF');
const UNKNOWN = formatReply(500, '5.5.1', 'Command not recognized');
const UNIMPLEMENTED = formatReply(502, '5.5.1', 'Command not implemented');
const NOT_HTTP = formatReply(421, '4.7.0', 'This is a mail server');

/** Carries out one command line. */
export function dispatch(session: Session, line: Buffer | LineFault): Promise<void> | void {
  if (line === 'line-too-long') return session.refuse(TOO_LONG);
  if (line === 'bare-lf') return session.refuse(BARE_LF);
  const parsed = parseCommandLine(line);
  if (isFault(parsed)) return session.refuse(parsed);
  const { verb, rest } = parsed;
  if (line.length + 2 > COMMAND_BYTES_MAX && verb !== 'AUTH') return session.refuse(TOO_LONG);
  const command = COMMANDS.get(verb);
  if (command !== undefined) return command(session, rest);
  if (isHttpRequestLine(line.toString('latin1'))) return session.close(NOT_HTTP);
  session.refuse(NOT_IMPLEMENTED.has(verb) ? UNIMPLEMENTED : UNKNOWN);
}
