import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ControlServer } from '#admin';
import { Directory } from '#directory';
import { createLogger, Lifecycle, type Logger, probeAddresses, systemClock } from '#kernel';
import { lockDataDirectory } from '#storage/sqlite';
import { Store } from '#store';
import {
  type Certificate,
  readAuthorities,
  readCertificate,
  selfSignedCertificate,
} from './certificate.ts';
import { runCleanup } from './cleanup.ts';
import { type ListenAddress, makeConfig, type ServerConfig, type StartOptions } from './config.ts';
import { type EngineWay, startEngine } from './engine.ts';
import { Fronts } from './fronts.ts';
import { Gate } from './gate.ts';
import { ServerHost } from './host.ts';
import type { Mover } from './move.ts';
import { choosePlace, notePlace, setAsideMoved } from './place.ts';
import { Sessions } from './sessions.ts';
import { shareMemory } from './shared-memory.ts';
import { printWelcome } from './welcome.ts';

/** How long sessions have to end; what is left then is cut off, and its thread has a second to go. */
const SESSIONS_GRACE_MS = 4500;
/** How long each part may take to stop: together with the engine's under the 10 s that a stop may take. */
const STOP_MS = {
  control: 800,
  sessions: SESSIONS_GRACE_MS + 1000,
  cleanup: 500,
  lock: 200,
} as const;

/** Stopped to be started anew at once, at the place to which the mail was moved. */
const AGAIN = -1;
/** How long sessions have to end when the mail moves: their clients come back by themselves. */
const MOVE_GRACE_MS = 1000;

/**
 * Runs a server until it is stopped; gives the exit code. Parts are started bottom-up and stopped in reverse.
 * @throws {configuration}, {data-locked}, {format-newer} … with one clear sentence, after undoing what had started
 */
export async function startServer(options: StartOptions): Promise<number> {
  const signals = new Signals();
  let config = makeConfig(options);
  for (;;) {
    const { exitCode, listen } = await runOnce(config, signals);
    if (exitCode !== AGAIN) return exitCode;
    // Clients find it where it was; where the mail is now, the directory says.
    config = { ...config, listen, place: { engine: undefined, blobs: undefined } };
  }
}

/** How a run ended, and where it listened. */
interface Ended {
  readonly exitCode: number;
  readonly listen: readonly ListenAddress[];
}

async function runOnce(config: ServerConfig, signals: Signals): Promise<Ended> {
  const log = createLogger('main', config.logLevel);
  const lifecycle = new Lifecycle(log);
  const { promise: stopAsked, resolve: askStop } = Promise.withResolvers<number>();
  let listen: readonly ListenAddress[];
  try {
    listen = await startParts(config, log, lifecycle, askStop);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
  // In this order: whoever waits for "ready" may send a signal the moment it appears.
  signals.listen(askStop);
  process.stdout.write('ready\n');
  const exitCode = await stopAsked;
  const failed = await lifecycle.stop();
  return { exitCode: failed.length > 0 && exitCode !== AGAIN ? 1 : exitCode, listen };
}

async function startParts(
  config: ServerConfig,
  log: Logger,
  lifecycle: Lifecycle,
  askStop: (exitCode: number) => void,
): Promise<readonly ListenAddress[]> {
  const { dataDir } = config;
  // Before anything is opened or written.
  const ports = await probeAddresses(config.listen);
  const listen = config.listen.map((address, index) => ({ ...address, port: ports[index]! }));
  const certificateGiven = config.tls === undefined ? undefined : readCertificate(config.tls);
  const { clientAuthoritiesFile } = config;
  const clientAuthorities = clientAuthoritiesFile && readAuthorities(clientAuthoritiesFile);
  const place = choosePlace(dataDir, config.place);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDataDirectory(dataDir);
  lifecycle.started({
    name: 'lock',
    stopTimeoutMs: STOP_MS.lock,
    stop: () => lock[Symbol.dispose](),
  });

  const threads = config.fronts ?? availableParallelism();
  const connections = Math.max(2, Math.floor(config.engineConnections / (threads + 1)));
  const house = await startEngine({ dataDir, place, connections }, log, lifecycle, askStop);
  setAsideMoved(dataDir, place);
  notePlace(dataDir, place);
  const gate = new Gate(house.engine);
  const engine = gate;
  const store = new Store(engine, log);
  const decoySecret = await house.secret();
  const directory = new Directory(engine, { clock: systemClock, decoySecret });
  const cleanup = runCleanup(engine, store, systemClock, log);
  lifecycle.started({
    name: 'cleanup',
    stopTimeoutMs: STOP_MS.cleanup,
    stop: () => cleanup.stop(),
  });

  const certificate: Certificate =
    certificateGiven ?? (await selfSignedCertificate(dataDir, config.hostname));
  const setup = {
    hostname: config.hostname,
    listen,
    certificate: { ...certificate, clientAuthorities },
    decoySecret,
    tokenIssuers: config.tokenIssuers,
    channelBinding: config.channelBinding,
    limits: config.limits,
    imap: config.imap,
    clients: config.clients,
    shared: shareMemory(threads),
    administrators: config.administrators,
    logLevel: config.logLevel,
  };
  const attach = (): EngineWay => house.attach();
  const sessions = new Sessions(() => new Fronts({ count: threads, log, attach, setup }));
  lifecycle.started({
    name: 'sessions',
    stopTimeoutMs: STOP_MS.sessions,
    stop: () => sessions.stop(SESSIONS_GRACE_MS),
  });
  await sessions.start();

  const host = new ServerHost({ listen, sessions, engine, stop: () => askStop(0) });
  const mover = moverOf(gate, sessions, () => askStop(AGAIN));
  const control = await ControlServer.listen(dataDir, {
    directory,
    store,
    host,
    clock: systemClock,
    async move(to, run) {
      const { moveHouse } = await import('./move.ts');
      return await moveHouse(dataDir, to, mover, run);
    },
  });
  lifecycle.started({
    name: 'control',
    stopTimeoutMs: STOP_MS.control,
    stop: () => control.close(),
  });
  await printWelcome(config, listen, directory);
  return listen;
}

/** A move holds back what this thread writes and ends the sessions; once it has switched, the server starts anew at the new place. */
function moverOf(gate: Gate, sessions: Sessions, startAgain: () => void): Mover {
  return {
    async pause() {
      await gate.shut();
      const held = await sessions.pause(MOVE_GRACE_MS);
      return {
        [Symbol.asyncDispose]: async () => {
          gate.open();
          await held[Symbol.asyncDispose]();
        },
      };
    },
    switched() {
      sessions.end();
      gate.end();
      startAgain();
    },
  };
}

/** SIGTERM and SIGINT, from the first "ready" on. */
class Signals {
  #stop: ((exitCode: number) => void) | undefined;
  #asked = false;

  /** Who is to be stopped from now on; one that is started anew after a signal stops at once. */
  listen(stop: (exitCode: number) => void): void {
    const first = this.#stop === undefined;
    this.#stop = stop;
    if (this.#asked) stop(0);
    if (!first) return;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#hear());
  }

  #hear(): void {
    // A second signal does not wait: what was acknowledged is durable.
    if (this.#asked) process.exit(1);
    this.#asked = true;
    this.#stop?.(0);
  }
}
