import { isPosthornError } from '#kernel';
import {
  type Command,
  encodeContinuation,
  encodeStatus,
  isHttpRequestLine,
  type ParseError,
  parseAppendLiteral,
  parseCommand,
  responseCode,
} from '#wire';
import type { ComingMessages } from './append/appending.ts';
import { capabilitiesOf } from './capability.ts';
import { append } from './commands/append.ts';
import { replace } from './commands/replace.ts';
import { leavePrevious } from './commands/select.ts';
import { bad, type Completion, no } from './completion.ts';
import { complete, dispatch, refusalOf } from './dispatch.ts';
import type { InputStep } from './input.ts';
import { UNAUTHENTICATED_LITERAL_BYTES_MAX } from './limits.ts';
import type { Session } from './session.ts';
import { refuseSwitchedOff } from './switched-off.ts';
import { refuseNumbers } from './uid-only.ts';

type LiteralStep = Extract<InputStep, { readonly kind: 'literal' }>;

/**
 * Leads a session from the greeting to its end. Commands are done one after the other, however many have come at once
 * (RFC 9051 §5.5). Never rejects.
 */
export async function converse(session: Session): Promise<void> {
  try {
    greet(session);
    while (!session.over) {
      const step = await session.follower.rest(() => session.input.next());
      if (step === undefined) endOfInput(session);
      else await answer(session, step);
    }
  } catch (error) {
    session.log.error({ err: error }, 'a session failed');
    session.connection.destroy();
  } finally {
    session.dispose();
  }
}

function greet(session: Session): void {
  const code = responseCode.capability(capabilitiesOf(session));
  session.say('OK', `${session.server.hostname} Posthorn ready`, code);
}

function endOfInput(session: Session): void {
  if (session.connection.timedOut) session.bye('Silent for too long');
  session.end();
}

async function answer(session: Session, step: InputStep): Promise<void> {
  switch (step.kind) {
    case 'command': {
      const parsed = parseCommand(step.bytes, { utf8Names: session.utf8 });
      if (parsed.ok)
        await guarded(session, parsed.command.tag, () => obey(session, parsed.command));
      else if (isHttpRequestLine(step.bytes.toString('latin1')))
        session.bye('This is a mail server');
      else refuse(session, parsed);
      break;
    }
    case 'literal':
      await answerLiteral(session, step);
      break;
    case 'error':
      complete(session, step.tag, bad(step.text));
      if (step.error === 'unreadable-literal')
        session.bye('The end of that literal is not to be awaited');
      break;
    case 'data':
    case 'literal-end':
    case 'line':
      throw new Error(`bug: nobody asked for ${step.kind}`);
  }
  const { badCommandsMax, authFailuresMax } = session.server.limits;
  if (session.badCommands >= badCommandsMax) session.bye('Too many bad commands');
  if (session.authFailures >= authFailuresMax && session.account === undefined)
    session.bye('Too many failed logins');
  session.leave();
}

/** Does a command that has come whole. */
async function obey(session: Session, { tag, body }: Command): Promise<void> {
  if (body.name !== 'APPEND' && body.name !== 'REPLACE') return dispatch(session, tag, body);
  return takeMessages(session, { tag, target: body, run: body.run });
}

/** APPEND and REPLACE, whose literals are taken as they come. */
async function takeMessages(session: Session, coming: ComingMessages): Promise<void> {
  const { tag, target, run } = coming;
  const when = target.name === 'REPLACE' ? 'selected' : 'authenticated';
  const refusal =
    refusalOf(session, when) ??
    refuseSwitchedOff(session, target.name) ??
    refuseNumbers(session, target);
  if (refusal !== undefined) {
    if (run.literal !== undefined) session.input.reader.refuse();
    complete(session, tag, refusal);
  } else if (target.name === 'REPLACE') await replace(session, { ...coming, target });
  else await append(session, coming);
}

/** A literal was announced: the message of an APPEND is streamed, other arguments are collected. */
async function answerLiteral(session: Session, step: LiteralStep): Promise<void> {
  const { reader } = session.input;
  const parsed = parseAppendLiteral(step.bytes, { utf8Names: session.utf8 });
  if (!parsed.ok) {
    reader.refuse();
    refuse(session, parsed);
    return;
  }
  if (parsed.kind === 'message')
    return guarded(session, parsed.tag, () => takeMessages(session, parsed));
  if (session.account === undefined && step.size > UNAUTHENTICATED_LITERAL_BYTES_MAX) {
    reader.refuse();
    complete(session, tagOf(step.bytes), bad('So large a literal only after the login', 'TOOBIG'));
    return;
  }
  if (reader.collect() && step.synchronizing) session.write(encodeContinuation('go ahead'));
}

function tagOf(bytes: Buffer): string {
  return /^[^ "(){%*\\+]+(?= )/.exec(bytes.toString('latin1'))?.[0] ?? '*';
}

function refuse(session: Session, { tag, status, text, code, command }: ParseError): void {
  if (command === 'SELECT' || command === 'EXAMINE') leavePrevious(session);
  session.write(encodeStatus(tag, status, text, code));
  if (status === 'BAD') session.badCommands++;
}

/** Does a command and answers its failure; the session survives it. */
async function guarded(session: Session, tag: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (isPosthornError(error, 'connection-closed')) session.end();
    else complete(session, tag, failureOf(session, error));
  }
}

/** What a client is told of a failure; one that nobody expected is logged. */
function failureOf(session: Session, error: unknown): Completion {
  if (!isPosthornError(error)) {
    session.log.error({ err: error }, 'a command failed unexpectedly');
    return no('Something went wrong in the server', 'SERVERBUG');
  }
  const { text, imap } = error.info;
  // A bug on the other side of a thread is a bug all the same.
  const level = error.code === 'internal' ? 'error' : 'debug';
  session.log[level]({ code: error.code, detail: error.message }, 'a command failed');
  return no(text, imap === '' ? undefined : imap);
}
