// What the tests of this folder share: a server on loopback over a mailbox in memory. No tests of its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createSecureContext } from 'node:tls';
import type { Account, SaslExchange, SaslStep } from '#directory';
import { PosthornError, silentLogger, systemClock } from '#kernel';
import { type Folder, INBOX_ID, type MailboxId, type Uid } from '#model';
import type { Entry } from '#store';
import { Pop3Client } from '../../../test/clients/pop3.ts';
import { type Certificate, selfSignedCertificate } from '../../main/certificate.ts';
import { type Pop3Directory, type Pop3Limits, type Pop3Mailbox, Pop3Server } from './index.ts';

const ANN: Account = { mailboxId: 7 as MailboxId, address: 'ann@example.test' };

class FakePlain implements SaslExchange {
  async step(response: Uint8Array | undefined): Promise<SaslStep> {
    if (response === undefined) return { kind: 'challenge', data: Buffer.alloc(0) };
    return Buffer.from(response).toString() === '\0ann\0secret'
      ? { kind: 'success', account: ANN, data: Buffer.from('v=proof') }
      : { kind: 'failure', reason: 'wrong' };
  }
}

const directory: Pop3Directory = {
  saslMechanisms: ({ channelSecure }) =>
    channelSecure ? ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'] : ['SCRAM-SHA-256'],
  isSaslMechanism: (name) => ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'].includes(name),
  startSasl: (mechanism, { channelSecure }) =>
    mechanism === 'PLAIN' && channelSecure ? new FakePlain() : undefined,
  verifyPassword: async (login, password) => {
    if (login === 'busy') throw new PosthornError('too-busy');
    return login === 'ann' && password === 'sec ret\u00f6 ' ? ANN : undefined;
  },
};

/** An INBOX in memory; counts what is read of contents. */
export class FakeMailbox implements Pop3Mailbox {
  readonly messages = new Map<number, Buffer>();
  readonly flags = new Map<number, number>();
  /** Bodies are kept apart, as blobs are. */
  blobs = false;
  bytesRead = 0;
  expunges = 0;
  /** Called when a drop has been counted and is about to be read. */
  onOpen: () => void = () => {};
  /** Called before each read of content. */
  onRead: () => void = () => {};
  failExpunge = false;
  failFlags = false;
  /** The mailbox was removed. */
  gone = false;
  #uidNext = 1;

  add(text: string | Buffer, uid = this.#uidNext): number {
    this.messages.set(uid, Buffer.from(text));
    this.flags.set(uid, 0);
    this.#uidNext = uid + 1;
    return uid;
  }

  folder: Pop3Mailbox['folder'] = async () => {
    if (this.gone) return undefined;
    const uidNext = this.#uidNext as Uid;
    const messages = this.messages.size;
    this.onOpen();
    return { folderId: INBOX_ID, uidValidity: 1234, uidNext, messages } as Folder;
  };

  entries: Pop3Mailbox['entries'] = async ({ uids, columns, limit }) => {
    const [[first, last]] = uids as [readonly [Uid, Uid]];
    return [...this.messages]
      .filter(([uid]) => uid >= first && uid <= last)
      .slice(0, limit)
      .map(([uid, bytes]) => {
        const blank = bytes.indexOf('\r\n\r\n');
        const headBytes = blank < 0 ? bytes.length : blank + 4;
        const wireBytes = columns.body === true && !this.blobs ? bytes.length : headBytes;
        return {
          uid,
          contentId: uid as number,
          sizeBytes: bytes.length,
          wire: columns.wire === true ? bytes.toString('latin1', 0, wireBytes) : undefined,
        } as Entry;
      });
  };

  contentBytes: Pop3Mailbox['contentBytes'] = async (contentId, start, end) => {
    this.onRead();
    const bytes = this.messages.get(contentId)?.subarray(start, end);
    this.bytesRead += bytes?.length ?? 0;
    return bytes;
  };

  storeFlags: Pop3Mailbox['storeFlags'] = async ({ uids, flags, operation }) => {
    assert.equal(operation, 'add');
    if (this.failFlags) throw new PosthornError('disk-full');
    for (const [first, last] of uids)
      for (let uid = first as number; uid <= last; uid++)
        if (this.flags.has(uid)) this.flags.set(uid, this.flags.get(uid)! | flags);
    return { modSeq: 1, changed: [], modified: [] } as never;
  };

  expunge: Pop3Mailbox['expunge'] = async ({ folderId, uids, onlyDeleted }) => {
    assert.deepEqual([folderId, onlyDeleted], [INBOX_ID, false]);
    assert.ok(uids !== undefined, 'never all');
    this.expunges++;
    if (this.failExpunge) throw new PosthornError('disk-full');
    for (const [first, last] of uids)
      for (let uid = first as number; uid <= last; uid++) this.messages.delete(uid);
    return { modSeq: 1, uids: [] } as never;
  };
}

export async function selfSigned(): Promise<Certificate> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-pop3-'));
  try {
    return await selfSignedCertificate(dir, 'mail.example.test');
  } finally {
    rmSync(dir, { recursive: true });
  }
}

export interface Stand {
  readonly mailbox: FakeMailbox;
  readonly server: Pop3Server;
  readonly port: number;
  connect(): Promise<Pop3Client>;
}

export async function stand(
  t: TestContext,
  options: {
    readonly limits?: Partial<Pop3Limits>;
    readonly secure?: boolean;
    /** Pretends that clients come from elsewhere. */
    readonly remote?: boolean;
  } = {},
): Promise<Stand> {
  const mailbox = new FakeMailbox();
  const secureContext = options.secure ? createSecureContext(await selfSigned()) : undefined;
  const server = new Pop3Server({
    hostname: 'mail.example.test',
    directory,
    store: {
      openMailbox(mailboxId) {
        assert.equal(mailboxId, ANN.mailboxId);
        return mailbox;
      },
    },
    clock: systemClock,
    log: silentLogger,
    secureContext,
    limits: { loginDelayMs: 1, ...options.limits },
  });
  const listener = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    if (options.remote) Object.defineProperty(socket, 'remoteAddress', { value: '192.0.2.1' });
    server.accept(socket);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(async () => {
    await server.stop(0);
    listener.close();
  });
  const { port } = listener.address() as { port: number };
  return { mailbox, server, port, connect: () => Pop3Client.connect({ port }) };
}

export const login = (client: Pop3Client): Promise<string> => client.login('ann', 'sec ret\u00f6 ');
