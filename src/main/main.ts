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
import { makeConfig, type ServerConfig, type StartOptions } from './config.ts';
import { startEngine } from './engine.ts';
import { Fronts } from './fronts.ts';
import { ServerHost } from './host.ts';
import { choosePlace, notePlace } from './place.ts';
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

/**
 * Runs a server until it is stopped; gives the exit code. Parts are started bottom-up and stopped in reverse.
 * @throws {configuration}, {data-locked}, {format-newer} … with one clear sentence, after undoing what had started
 */
export async function startServer(options: StartOptions): Promise<number> {
  const config = makeConfig(options);
  const log = createLogger('main', config.logLevel);
  const lifecycle = new Lifecycle(log);
  const { promise: stopAsked, resolve: askStop } = Promise.withResolvers<number>();
  try {
    await startParts(config, log, lifecycle, askStop);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
  // In this order: whoever waits for "ready" may send a signal the moment it appears.
  stopOnSignals(askStop);
  process.stdout.write('ready\n');
  const exitCode = await stopAsked;
  const failed = await lifecycle.stop();
  return failed.length > 0 ? 1 : exitCode;
}

async function startParts(
  config: ServerConfig,
  log: Logger,
  lifecycle: Lifecycle,
  askStop: (exitCode: number) => void,
): Promise<void> {
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
  notePlace(dataDir, place);
  const { engine } = house;
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
  const fronts = new Fronts({
    count: threads,
    log,
    attach: () => house.attach(),
    setup: {
      hostname: config.hostname,
      listen,
      certificate: { ...certificate, clientAuthorities },
      decoySecret,
      tokenIssuers: config.tokenIssuers,
      channelBinding: config.channelBinding,
      limits: config.limits,
      imap: config.imap,
      logLevel: config.logLevel,
    },
  });
  lifecycle.started({
    name: 'sessions',
    stopTimeoutMs: STOP_MS.sessions,
    stop: () => fronts.stop(SESSIONS_GRACE_MS),
  });
  await fronts.start();

  const host = new ServerHost({ listen, fronts, engine, stop: () => askStop(0) });
  const control = await ControlServer.listen(dataDir, {
    directory,
    store,
    host,
    clock: systemClock,
  });
  lifecycle.started({
    name: 'control',
    stopTimeoutMs: STOP_MS.control,
    stop: () => control.close(),
  });
  await printWelcome(config, listen, directory);
}

function stopOnSignals(askStop: (exitCode: number) => void): void {
  let asked = false;
  const onSignal = (): void => {
    // A second signal does not wait: what was acknowledged is durable.
    if (asked) process.exit(1);
    asked = true;
    askStop(0);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
