import type { Socket } from 'node:net';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { SmtpReceiver } from '#connectors';
import { Directory, LoginThrottle, type TokenIssuer } from '#directory';
import {
  createLogger,
  Door,
  type DoorRefusal,
  type Guest,
  type Listener,
  listen,
  metrics,
  Networks,
  ReplyPort,
  SharedCounts,
  SharedPace,
  serverContext,
  systemClock,
  waits,
} from '#kernel';
import { ImapServer, Pop3Server } from '#protocols';
import { Store } from '#store';
import { Transfer } from '#transfer';
import type { Certificate } from './certificate.ts';
import type { ClientLimits } from './client-limits.ts';
import type { Limits, ListenAddress, ListenerName } from './config.ts';
import { connectEngine, type EngineWay } from './engine.ts';
import type { ImapSettings } from './imap-settings.ts';
import type { SharedMemory } from './shared-memory.ts';

/** What a front thread is told at its start. */
export interface FrontSetup {
  readonly index: number;
  readonly hostname: string;
  readonly listen: readonly ListenAddress[];
  readonly certificate: Certificate;
  readonly decoySecret: Uint8Array;
  readonly tokenIssuers: readonly TokenIssuer[];
  readonly channelBinding: boolean;
  readonly limits: Limits;
  readonly imap: ImapSettings;
  readonly clients: ClientLimits;
  readonly shared: SharedMemory;
  readonly administrators: readonly string[];
  readonly logLevel: string;
  readonly engine: EngineWay;
  readonly controlPort: MessagePort;
}

export type FrontRequest =
  | { readonly kind: 'listen' }
  | { readonly kind: 'status' }
  | { readonly kind: 'stop'; readonly graceMs: number };

export interface FrontStatus {
  readonly sessions: Readonly<Record<string, number>>;
  /** Connections that have not logged in, or have no recipient yet. */
  readonly newcomers: number;
  /** Sessions that are told of changes in a mailbox. */
  readonly watches: number;
  readonly waits: readonly {
    readonly name: string;
    readonly owner: string;
    readonly sinceMs: number;
    readonly deadlineMs: number;
    readonly thread: string;
  }[];
  readonly metrics: Readonly<Record<string, number>>;
}

interface Server {
  accept(socket: Socket, guest?: Guest): void;
  refusal(why: DoorRefusal): string;
  stop(graceMs: number): Promise<void>;
  readonly sessions: number;
}

const setup = workerData as FrontSetup;
const thread = `front-${setup.index}`;
const log = createLogger(thread, setup.logLevel);
const clock = systemClock;
const engine = await connectEngine(setup.engine);
const store = new Store(engine, log);
const { clients, shared, decoySecret, tokenIssuers, channelBinding } = setup;
const trusted = new Networks(clients.trusted);
const seats = new SharedCounts(shared.counts, setup.index);
const pace = new SharedPace(shared.pace, clock);
const door = new Door({ counts: seats, pace, limits: clients.door, trusted });
const throttle = new LoginThrottle({
  pace,
  known: new SharedPace(shared.known, clock),
  trusted,
  clock,
  limits: { failuresFree: clients.failuresFree },
});
const directory = new Directory(engine, {
  clock,
  decoySecret,
  tokenIssuers,
  channelBinding,
  throttle,
});
const transfer = new Transfer(store, setup.hostname);
const secureContext = serverContext(setup.certificate);

const common = { hostname: setup.hostname, directory, clock, log, secureContext };
const sizeBytesMax = setup.limits.messageBytesMax;
const { sessionsPerMailboxMax, badCommandsMax } = clients;
const smtpLimits = {
  sizeBytesMax,
  ...(badCommandsMax === undefined ? {} : { errorsMax: badCommandsMax }),
};
const mx = new SmtpReceiver({ ...common, role: 'mx', transfer, limits: smtpLimits });
const submission = new SmtpReceiver({
  ...common,
  role: 'submission',
  transfer,
  limits: smtpLimits,
});
const { switchOffs, ...imapLimits } = setup.imap;
const imap = new ImapServer({
  ...common,
  store,
  switchOffs,
  administrators: setup.administrators,
  seats,
  limits: {
    appendBytesMax: sizeBytesMax,
    sessionsPerMailboxMax,
    ...(badCommandsMax === undefined ? {} : { badCommandsMax }),
    ...imapLimits,
  },
});
const pop3 = new Pop3Server({
  ...common,
  store,
  seats,
  limits: {
    sessionsPerMailboxMax,
    ...(badCommandsMax === undefined ? {} : { mistakesMax: badCommandsMax }),
  },
});

const SERVERS: Readonly<Record<ListenerName, { readonly server: Server; readonly tls: boolean }>> =
  {
    smtp: { server: mx, tls: false },
    submission: { server: submission, tls: false },
    submissions: { server: submission, tls: true },
    imap: { server: imap, tls: false },
    imaps: { server: imap, tls: true },
    pop3: { server: pop3, tls: false },
    pop3s: { server: pop3, tls: true },
  };

let listeners: readonly Listener[] = [];

async function open(): Promise<void> {
  listeners = await Promise.all(
    setup.listen.map(({ name, host, port }) => {
      const { server, tls } = SERVERS[name];
      return listen({
        name,
        host,
        port,
        shared: true,
        ...(tls ? { tls: secureContext } : {}),
        door,
        onConnection: (socket, guest) => server.accept(socket, guest),
        refusal: (why) => server.refusal(why),
      });
    }),
  );
}

function status(): FrontStatus {
  return {
    sessions: {
      smtp: mx.sessions,
      submission: submission.sessions,
      imap: imap.sessions,
      pop3: pop3.sessions,
    },
    newcomers: door.newcomers,
    watches: store.watches,
    waits: waits.list().map((wait) => ({ ...wait, thread })),
    metrics: metrics.snapshot(),
  };
}

/** No more connections; sessions end; then the way to the engine is closed and the thread ends by itself. */
async function stop(graceMs: number): Promise<void> {
  for (const listener of listeners) listener.close();
  await Promise.all([mx, submission, imap, pop3].map((server: Server) => server.stop(graceMs)));
  store[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
}

async function serve(request: FrontRequest): Promise<FrontStatus | undefined> {
  if (request.kind === 'listen') await open();
  else if (request.kind === 'status') return status();
  else await stop(request.graceMs);
  return undefined;
}

const control: ReplyPort<FrontRequest, FrontStatus | undefined> = new ReplyPort(
  setup.controlPort,
  (requests) => {
    for (const { id, request } of requests)
      serve(request)
        .then(
          (result) => control.reply(id, result),
          (error: unknown) => control.fail(id, error),
        )
        .finally(() => {
          control.flush();
          if (request.kind === 'stop') control.close();
        });
  },
);
parentPort?.unref();
