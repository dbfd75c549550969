import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSecureContext, createServer as createTlsServer, type SecureContext } from 'node:tls';
import type { Account, Resolution, SaslExchange, SaslStep } from '#directory';
import {
  type Clock,
  type ErrorCode,
  type Logger,
  PosthornError,
  silentLogger,
  systemClock,
} from '#kernel';
import { addressKey, type Envelope, type MailboxId, type SmtpAddress } from '#model';
import type { Submission, SubmitOutcome } from '#transfer';
import { SmtpClient } from '../../../../test/clients/smtp.ts';
import { type Certificate, selfSignedCertificate } from '../../../main/certificate.ts';
import type { ReceiveLimits } from './limits.ts';
import { SmtpReceiver, type SmtpReceiverOptions } from './receiver.ts';

/** A message that transfer was given and accepted. */
export interface Accepted {
  readonly envelope: Envelope;
  readonly content: string;
}

/** Everything that tests make transfer do. */
export class FakeTransfer {
  readonly accepted: Accepted[] = [];
  begun = 0;
  disposed = 0;
  /** What begin, write and commit fail with. */
  failBegin: Error | undefined;
  failWrite: Error | undefined;
  failCommit: Error | undefined;
  refuse: ErrorCode | undefined;
  /** Commits wait for it. */
  gate: Promise<void> | undefined;
  /** Every write waits a turn. */
  slow = false;
  committing = 0;

  begin(envelope: Envelope): Submission {
    if (this.failBegin !== undefined) throw this.failBegin;
    this.begun++;
    const transfer = this;
    const pieces: Buffer[] = [];
    let committed = false;
    return {
      get sizeBytes() {
        return pieces.reduce((sum, piece) => sum + piece.length, 0);
      },
      write(chunk) {
        if (transfer.failWrite !== undefined) throw transfer.failWrite;
        pieces.push(Buffer.from(chunk));
        return transfer.slow ? new Promise((resolve) => setImmediate(resolve)) : undefined;
      },
      async commit(): Promise<SubmitOutcome> {
        transfer.committing++;
        await transfer.gate;
        transfer.committing--;
        if (transfer.failCommit !== undefined) throw transfer.failCommit;
        if (transfer.refuse !== undefined) return { kind: 'refused', code: transfer.refuse };
        committed = true;
        transfer.accepted.push({ envelope, content: Buffer.concat(pieces).toString('latin1') });
        return { kind: 'accepted', submissionId: envelope.submissionId };
      },
      async [Symbol.asyncDispose]() {
        if (!committed) transfer.disposed++;
      },
    };
  }
}

const MAILBOXES: ReadonlyMap<string, number> = new Map([
  ['ann@example.test', 1],
  ['alias@example.test', 1],
  ['bob@example.test', 2],
  ['jürgen@example.test', 3],
  ['postmaster@example.test', 9],
]);

/** A directory with a few mailboxes; the password of each is `secret`. */
export class FakeDirectory {
  readonly saslMechanisms = () => ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'];
  failResolve: Error | undefined;
  /** What steps of an authentication fail with. */
  failSasl: Error | undefined;

  async resolve(address: SmtpAddress): Promise<Resolution> {
    if (this.failResolve !== undefined) throw this.failResolve;
    if (address.domain !== 'example.test') return { kind: 'not-local' };
    const mailboxId = MAILBOXES.get(addressKey(address));
    if (mailboxId === undefined) return { kind: 'unknown-recipient' };
    return { kind: 'mailbox', mailboxId: mailboxId as MailboxId };
  }

  async resolvePostmaster(): Promise<Resolution> {
    return { kind: 'mailbox', mailboxId: 9 as MailboxId };
  }

  startSasl(mechanism: string): SaslExchange | undefined {
    const failure = this.failSasl;
    if (failure !== undefined) return { step: () => Promise.reject(failure) };
    if (mechanism === 'PLAIN') return steps('', (text) => check(text.split('\0').slice(1)));
    if (mechanism === 'LOGIN') {
      let user: string | undefined;
      return steps('Username:', (text) => {
        if (user !== undefined) return check([user, text]);
        user = text;
        return { kind: 'challenge', data: Buffer.from('Password:') };
      });
    }
    // Stands for SCRAM: two steps, and data with its success.
    if (mechanism !== 'SCRAM-SHA-256') return undefined;
    let first = true;
    return steps('', (text) => {
      if (!first)
        return { ...check(['ann@example.test', text]), data: Buffer.from('v=ok') } as SaslStep;
      first = false;
      return { kind: 'challenge', data: Buffer.from('r=nonce') };
    });
  }
}

function steps(greeting: string, answer: (text: string) => SaslStep): SaslExchange {
  return {
    async step(response) {
      if (response === undefined) return { kind: 'challenge', data: Buffer.from(greeting) };
      return answer(Buffer.from(response).toString());
    },
  };
}

function check([user, password]: readonly string[]): SaslStep {
  const mailboxId = MAILBOXES.get(user ?? '');
  if (mailboxId === undefined || password !== 'secret') return { kind: 'failure', reason: 'wrong' };
  const account: Account = { mailboxId: mailboxId as MailboxId, address: user! };
  return { kind: 'success', account, data: undefined };
}

export interface WorldOptions {
  readonly role?: SmtpReceiverOptions['role'];
  readonly limits?: Partial<ReceiveLimits>;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly startTls?: boolean;
  readonly implicitTls?: boolean;
  /** What the server believes to be the client's address. */
  readonly clientAddress?: string;
}

/** A receiver on a port of the loopback interface, with everything behind it made up. */
export class World implements AsyncDisposable {
  readonly transfer = new FakeTransfer();
  readonly directory = new FakeDirectory();
  readonly receiver: SmtpReceiver;
  readonly #server: Server;

  private constructor(options: WorldOptions, tls: TlsMaterial | undefined) {
    const { role = 'mx', limits, clock = systemClock, log = silentLogger, clientAddress } = options;
    this.receiver = new SmtpReceiver({
      role,
      hostname: 'mx.example.test',
      directory: this.directory,
      transfer: this.transfer,
      clock,
      log,
      limits: { authFailureDelayMs: 1, ...limits },
      ...(options.startTls === true ? { secureContext: tls!.context } : {}),
    });
    const accept = (socket: Socket): void => {
      if (clientAddress !== undefined)
        Object.defineProperty(socket, 'remoteAddress', { value: clientAddress });
      this.receiver.accept(socket);
    };
    this.#server =
      options.implicitTls === true
        ? createTlsServer({ ...tls!.pem, allowHalfOpen: true }, accept)
        : createServer({ allowHalfOpen: true, noDelay: true }, accept);
  }

  static async open(options: WorldOptions = {}): Promise<World> {
    const needsTls = options.startTls === true || options.implicitTls === true;
    const world = new World(options, needsTls ? await tlsMaterial() : undefined);
    world.#server.listen(0, '127.0.0.1');
    await once(world.#server, 'listening');
    return world;
  }

  get port(): number {
    const address = this.#server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return address.port;
  }

  connect(options: { tls?: boolean } = {}): Promise<SmtpClient> {
    return SmtpClient.connect({ port: this.port, ...options });
  }

  hello(options: { tls?: boolean } = {}): Promise<SmtpClient> {
    return SmtpClient.hello({ port: this.port, ...options });
  }

  /** Sends all of it on one connection, ends it, and gives everything that was answered until the server closed. */
  async play(input: string | readonly (string | Uint8Array)[]): Promise<string> {
    await using client = await this.connect();
    for (const piece of typeof input === 'string' ? [input] : input) client.send(piece);
    client.finish();
    await client.untilClosed();
    return client.received;
  }

  /** Waits until no session is left. */
  async quiet(): Promise<void> {
    while (this.receiver.sessions > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await this.receiver.stop(0);
  }
}

/** The reply codes of a transcript, each with its enhanced code where it has one. */
export function codes(transcript: string): string[] {
  return [...transcript.matchAll(/^(\d{3}) (\d\.\d+\.\d+)?/gm)].map((match) => match[0].trim());
}

interface TlsMaterial {
  readonly pem: Certificate;
  readonly context: SecureContext;
}

let material: Promise<TlsMaterial> | undefined;

/** A throwaway certificate, made once. */
function tlsMaterial(): Promise<TlsMaterial> {
  material ??= makeTlsMaterial();
  return material;
}

async function makeTlsMaterial(): Promise<TlsMaterial> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-smtp-'));
  try {
    const pem = await selfSignedCertificate(dir, 'mx.example.test');
    return { pem, context: createSecureContext(pem) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('a world opens, greets and closes', async () => {
  await using world = await World.open();
  assert.equal(
    await world.play('QUIT\r\n'),
    '220 mx.example.test ESMTP Posthorn\r\n221 2.0.0 Bye\r\n',
  );
  await world.quiet();
  assert.equal(new PosthornError('disk-full').info.smtp[0], 452);
});
