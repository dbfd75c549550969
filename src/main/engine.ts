import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lifecycle, type Logger, randomBytes, systemClock } from '#kernel';
import type { Blobs, Engine } from '#storage';
import { connectSqlite, openSqlite, WriterThread, type WriterWay } from '#storage/sqlite';
import type { Place } from './place.ts';
import { writeWhole } from './whole-file.ts';

/** How long the parts of an engine may take to stop. */
const STOP_MS = { engine: 3500, writer: 2700 } as const;

/** How a thread reaches the engine: plain data but for the port. */
export type EngineWay =
  | { readonly kind: 'sqlite'; readonly dataDir: string; readonly writer: WriterWay }
  | {
      readonly kind: 'postgres';
      readonly url: string;
      readonly blobs: string | undefined;
      /** Connections of this thread. */
      readonly connections: number;
    };

/** The engine of a process: the main thread's own, and ways for the others. */
export interface EngineHost {
  readonly engine: Engine;
  attach(): EngineWay;
  /** From it come the salts that SCRAM shows for unknown users; the same for all nodes and for ever. */
  secret(): Promise<Buffer>;
}

/** Loaded where the mail is there: it would take memory in each thread, and time at each start. */
function postgres(): Promise<typeof import('#storage/postgres')> {
  return import('#storage/postgres');
}

/** Opens the engine in a thread that another one gave the way. */
export async function connectEngine(way: EngineWay): Promise<Engine> {
  if (way.kind === 'sqlite') return connectSqlite(way.dataDir, way.writer);
  const { url, connections } = way;
  const { PostgresEngine } = await postgres();
  return PostgresEngine.connect({
    url,
    blobs: await blobsAt(way.blobs),
    clock: systemClock,
    limits: { connections },
  });
}

/** Opens the engine for administration while no server runs on the directory. */
export async function openEngine(dataDir: string, place: Place): Promise<Engine> {
  if (place.kind === 'sqlite') return openSqlite(dataDir, systemClock);
  const { PostgresEngine } = await postgres();
  return await PostgresEngine.open({
    url: place.url,
    blobs: await blobsAt(place.blobs),
    clock: systemClock,
  });
}

/** Starts the engine of a server. `connections` is how many of PostgreSQL each thread may have. */
export async function startEngine(
  {
    dataDir,
    place,
    connections,
  }: {
    readonly dataDir: string;
    readonly place: Place;
    readonly connections: number;
  },
  log: Logger,
  lifecycle: Lifecycle,
  askStop: (exitCode: number) => void,
): Promise<EngineHost> {
  if (place.kind === 'sqlite') return await startSqlite(dataDir, log, lifecycle, askStop);
  const { url, blobs } = place;
  const { PostgresEngine } = await postgres();
  const opened = await PostgresEngine.open({
    url,
    blobs: await blobsAt(blobs),
    clock: systemClock,
    limits: { connections },
  });
  lifecycle.started({
    name: 'engine',
    stopTimeoutMs: STOP_MS.engine,
    stop: () => opened[Symbol.asyncDispose](),
  });
  await opened.blobs.verify();
  return {
    engine: opened,
    attach: () => ({ kind: 'postgres', url, blobs, connections }),
    secret: async () => {
      // The one of a directory whose mail was moved there goes along.
      const file = join(dataDir, 'secret');
      const own = existsSync(file) ? readFileSync(file) : randomBytes(32);
      return Buffer.from(await opened.keptSetting('secret', own.toString('hex')), 'hex');
    },
  };
}

async function startSqlite(
  dataDir: string,
  log: Logger,
  lifecycle: Lifecycle,
  askStop: (exitCode: number) => void,
): Promise<EngineHost> {
  const writer = await WriterThread.start(dataDir, (error) => {
    log.fatal({ err: error }, 'the writer failed');
    askStop(1);
  });
  lifecycle.started({ name: 'writer', stopTimeoutMs: STOP_MS.writer, stop: () => writer.close() });
  const engine = connectSqlite(dataDir, writer.attach());
  lifecycle.started({
    name: 'engine',
    stopTimeoutMs: STOP_MS.engine,
    stop: () => engine[Symbol.asyncDispose](),
  });
  return {
    engine,
    attach: () => ({ kind: 'sqlite', dataDir, writer: writer.attach() }),
    secret: async () => keptSecret(join(dataDir, 'secret')),
  };
}

/** The store of large bodies; undefined: the engine's own. Keys for S3 may stand in the environment, where its tools look too. */
export async function blobsAt(spec: string | undefined): Promise<Blobs | undefined> {
  if (spec === undefined) return undefined;
  const { openBlobs } = await import('#storage/blobs');
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
  const credentials =
    accessKeyId === undefined || secretAccessKey === undefined
      ? undefined
      : { accessKeyId, secretAccessKey };
  return openBlobs(spec, credentials === undefined ? {} : { credentials });
}

/** A secret of the data directory, made when it is new. */
function keptSecret(file: string): Buffer {
  if (existsSync(file)) return readFileSync(file);
  const secret = randomBytes(32);
  writeWhole(file, secret);
  return secret;
}
