import { connect, type Socket } from 'node:net';
import { type ErrorCode, PosthornError, systemClock } from '#kernel';
import type { Progress } from './context.ts';
import { SIGN_OF_LIFE_MS } from './control.ts';
import { controlPath, securePath } from './control-path.ts';
import { JsonLines } from './json-lines.ts';
import type { VerbArgs, VerbName, VerbResult } from './verbs.ts';

const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const SILENCE_MAX_MS = 6 * SIGN_OF_LIFE_MS;
const CHECK_MS = 1000;

type Answer =
  | { readonly progress: Progress }
  | { readonly alive: true }
  | { readonly result: unknown }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/**
 * Asks the server that runs on a data directory to run a verb. Undefined when none listens.
 * @throws what the verb threw; {unavailable} when the server went away or fell silent before it answered
 */
export async function callVerb<Name extends VerbName>(
  dataDir: string,
  verb: Name,
  args: VerbArgs<Name>,
  onProgress: (progress: Progress) => void = () => {},
): Promise<VerbResult<Name> | undefined> {
  const path = controlPath(dataDir);
  const socket = await open(path, dataDir);
  if (socket === undefined) return undefined;
  try {
    return await ask<VerbResult<Name>>(socket, { verb, args }, onProgress);
  } finally {
    socket.destroy();
  }
}

async function open(path: string, dataDir: string): Promise<Socket | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket | undefined>();
  securePath(path, dataDir);
  const socket = connect(path);
  socket.once('connect', () => resolve(socket));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // No server, or the socket of one that has died.
    if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return resolve(undefined);
    const why = error.code === 'EACCES' ? 'only the user who runs the server may' : error.message;
    reject(new PosthornError('unavailable', `cannot talk to the server at ${path}: ${why}`));
  });
  return await promise;
}

async function ask<Result>(
  socket: Socket,
  request: object,
  onProgress: (progress: Progress) => void,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const gone = (text: string): void => reject(new PosthornError('unavailable', text));
  const lines = new JsonLines(ANSWER_BYTES_MAX);
  let heardMs = systemClock.now();
  using _watch = systemClock.every(CHECK_MS, () => {
    if (systemClock.now() - heardMs > SILENCE_MAX_MS)
      gone(`the server has not answered for ${SILENCE_MAX_MS / 1000} s`);
  });
  socket.on('data', (chunk: Buffer) => {
    heardMs = systemClock.now();
    try {
      for (const value of lines.push(chunk)) {
        const answer = value as Answer;
        if ('progress' in answer) onProgress(answer.progress);
        else if ('result' in answer) resolve(answer.result as Result);
        else if ('error' in answer)
          reject(new PosthornError(answer.error.code, answer.error.message));
      }
    } catch (error) {
      reject(error as Error);
    }
  });
  socket.on('close', () => gone('the server ended before it answered; it may have done it or not'));
  socket.write(`${JSON.stringify(request)}\n`);
  return await promise;
}
