import { existsSync } from 'node:fs';
import {
  type AdminContext,
  callVerb,
  type Progress,
  runVerb,
  type VerbArgs,
  type VerbName,
  type VerbResult,
} from '#admin';
import { Directory } from '#directory';
import { isPosthornError, PosthornError, silentLogger, systemClock } from '#kernel';
import { lockDataDirectory } from '#storage/sqlite';
import { Store } from '#store';
import { openEngine } from '../main/engine.ts';
import type { Mover } from '../main/move.ts';
import { isDataDirectory, placeOf } from '../main/place.ts';

/** A server that starts or stops holds the lock and does not answer; another command may be at work. */
const BUSY_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 30_000;
const RETRY_MS = 100;

/** These make a data directory where there is none. */
const CREATING: readonly VerbName[] = ['domain add', 'mailbox add', 'import'];

/** No server runs: nobody has to stand still. */
const NOBODY: Mover = {
  pause: async () => ({ [Symbol.asyncDispose]: async () => {} }),
  switched: () => {},
};

export interface VerbCall<Name extends VerbName> {
  readonly dataDir: string;
  readonly verb: Name;
  readonly args: VerbArgs<Name>;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Runs a verb by the server of a data directory or, when none runs, in this process with the directory locked.
 * @throws what the verb throws; {not-found} without a data directory; {data-locked} when it stays busy
 */
export async function performVerb<Name extends VerbName>(
  call: VerbCall<Name>,
): Promise<VerbResult<Name>> {
  const { dataDir, verb, args, onProgress } = call;
  requireDataDirectory(dataDir, verb);
  const deadlineMs = systemClock.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    const answer = await callVerb(dataDir, verb, args, onProgress);
    if (answer !== undefined) return answer;
    using lock = tryLock(dataDir, systemClock.now() < deadlineMs);
    if (lock !== undefined) return await runHere(call);
    await systemClock.sleep(RETRY_MS);
  }
}

/**
 * Stops the server of a data directory and waits until its process has let go of it.
 * @throws {unavailable} when none runs; {deadline} when it has not ended after 30 s
 */
export async function stopServer(dataDir: string): Promise<void> {
  await performVerb({ dataDir, verb: 'stop', args: {} });
  const deadlineMs = systemClock.now() + STOP_TIMEOUT_MS;
  while (systemClock.now() < deadlineMs) {
    using lock = tryLock(dataDir, true);
    if (lock !== undefined) return;
    await systemClock.sleep(RETRY_MS);
  }
  throw new PosthornError(
    'deadline',
    `the server was told to stop and has not ended after ${STOP_TIMEOUT_MS / 1000} s`,
  );
}

function requireDataDirectory(dataDir: string, verb: VerbName): void {
  if (isDataDirectory(dataDir)) return;
  if (!CREATING.includes(verb)) {
    const what = existsSync(dataDir) ? 'is not a Posthorn data directory' : 'does not exist';
    throw new PosthornError(
      'not-found',
      `the data directory ${dataDir} ${what}; name another with --data, or make one with "posthorn start --data ${dataDir}"`,
    );
  }
  process.stderr.write(`posthorn: making a new data directory in ${dataDir}\n`);
}

/** Takes the lock; undefined when another holds it. @throws {data-locked} when that is no reason to wait any more */
function tryLock(dataDir: string, mayWait: boolean): Disposable | undefined {
  try {
    return lockDataDirectory(dataDir);
  } catch (error) {
    if (!isPosthornError(error, 'data-locked')) throw error;
    if (mayWait) return undefined;
    throw new PosthornError(
      'data-locked',
      `${dataDir} is in use, and nobody answers there: a server that starts or stops, or another posthorn command; try again`,
      { cause: error },
    );
  }
}

async function runHere<Name extends VerbName>(call: VerbCall<Name>): Promise<VerbResult<Name>> {
  const { dataDir, verb, args, onProgress } = call;
  if (verb === 'status' || verb === 'stop')
    throw new PosthornError('unavailable', `no server is running on ${dataDir}`);
  await using engine = await openEngine(dataDir, placeOf(dataDir));
  using store = new Store(engine, silentLogger);
  const directory = new Directory(engine, { clock: systemClock });
  const move: AdminContext['move'] = async (to, run) => {
    const { moveHouse } = await import('../main/move.ts');
    return await moveHouse(dataDir, to, NOBODY, run);
  };
  const context = { directory, store, host: undefined, clock: systemClock, move };
  const signal = new AbortController().signal;
  return await runVerb(context, verb, args, { onProgress: onProgress ?? (() => {}), signal });
}
