import { assertNever } from '#kernel';
import type { Pop3Command } from '#wire';
import { auth } from './commands/auth.ts';
import { capa } from './commands/capa.ts';
import { dele } from './commands/dele.ts';
import { lang } from './commands/lang.ts';
import { list } from './commands/list.ts';
import { noop } from './commands/noop.ts';
import { pass } from './commands/pass.ts';
import { quit } from './commands/quit.ts';
import { retr } from './commands/retr.ts';
import { rset } from './commands/rset.ts';
import { stat } from './commands/stat.ts';
import { stls } from './commands/stls.ts';
import { top } from './commands/top.ts';
import { uidl } from './commands/uidl.ts';
import { user } from './commands/user.ts';
import { utf8 } from './commands/utf8.ts';
import type { Drop } from './drop.ts';
import type { Pop3Session } from './session.ts';

type CommandOf<Name extends Pop3Command['name']> = Extract<Pop3Command, { name: Name }>;

type AuthorizationCommand = CommandOf<'USER' | 'PASS' | 'AUTH' | 'STLS' | 'UTF8'>;
type TransactionCommand = CommandOf<
  'STAT' | 'LIST' | 'UIDL' | 'RETR' | 'TOP' | 'DELE' | 'RSET' | 'NOOP'
>;

/** Does a command, when it is allowed in the session's state. No promise: it is done. */
export function dispatch(session: Pop3Session, command: Pop3Command): Promise<void> | void {
  const { drop } = session;
  switch (command.name) {
    case 'CAPA':
      return capa(session);
    case 'LANG':
      return lang(session, command.language);
    case 'QUIT':
      return quit(session);
    case 'USER':
    case 'PASS':
    case 'AUTH':
    case 'STLS':
    case 'UTF8':
      if (drop !== undefined) return session.mistake(`${command.name} comes before the login`);
      return authorize(session, command);
    default:
      if (drop === undefined) return session.mistake('Log in first');
      return transact(session, drop, command);
  }
}

/** The commands of the AUTHORIZATION state. */
function authorize(session: Pop3Session, command: AuthorizationCommand): Promise<void> | void {
  switch (command.name) {
    case 'USER':
      return user(session, command.user);
    case 'PASS':
      return pass(session, command.password);
    case 'AUTH':
      return auth(session, command.mechanism, command.initial);
    case 'STLS':
      return stls(session);
    case 'UTF8':
      return utf8(session);
    default:
      assertNever(command);
  }
}

/** The commands of the TRANSACTION state. */
function transact(
  session: Pop3Session,
  drop: Drop,
  command: TransactionCommand,
): Promise<void> | void {
  switch (command.name) {
    case 'STAT':
      return stat(session, drop);
    case 'LIST':
      return list(session, drop, command.message);
    case 'UIDL':
      return uidl(session, drop, command.message);
    case 'RETR':
      return retr(session, drop, command.message);
    case 'TOP':
      return top(session, drop, command.message, command.lines);
    case 'DELE':
      return dele(session, drop, command.message);
    case 'RSET':
      return rset(session, drop);
    case 'NOOP':
      return noop(session);
    default:
      assertNever(command);
  }
}
