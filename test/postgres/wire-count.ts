import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { MessageCutter, type WireMessage } from './wire-messages.ts';

/** What was said under a label. */
export interface WireCost {
  /** Execute and simple Query messages. */
  statements: number;
  /**
   * Turns of the client: it spoke after the server had answered all it was asked. Statements that are sent together are one, since
   * none waits for the answer to another.
   */
  roundTrips: number;
  bytesToServer: number;
  bytesToClient: number;
  /** The text of each statement, in order. */
  readonly texts: string[];
}

/** The label of what belongs to no statement: the start of a connection. */
export const START = 'start';
/** The label of what the server says unasked: notifications and notices. */
export const UNASKED = 'unasked';

/** What a client sent up to a Sync, or one simple Query: answered up to a ReadyForQuery. */
interface Group {
  label: string | undefined;
  readonly texts: string[];
}

const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;

/**
 * A TCP proxy on 127.0.0.1 that reads PostgreSQL's wire protocol and counts what passes, by label. A statement has the label that
 * `labelOf` gives its text, else the one that `label` has when it is sent.
 *
 * The client must be in this process: an answer is held for two turns of the event loop, so that what the client sends in one turn is
 * all there before it can have heard of anything. Connections cannot be encrypted.
 */
export class WireCount implements AsyncDisposable {
  label = 'unlabelled';
  readonly #costs = new Map<string, WireCost>();
  readonly #labelOf: (sql: string) => string | undefined;
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #awaited = new Set<{ readonly text: string; readonly done: () => void }>();

  private constructor(target: number, labelOf: (sql: string) => string | undefined) {
    this.#target = target;
    this.#labelOf = labelOf;
    this.#server = createServer({ noDelay: true }, (client) => this.#take(client));
  }

  /** A proxy to this port of 127.0.0.1. */
  static async start(
    target: number,
    labelOf: (sql: string) => string | undefined = () => undefined,
  ): Promise<WireCount> {
    const count = new WireCount(target, labelOf);
    count.#server.listen(0, '127.0.0.1');
    await once(count.#server, 'listening');
    return count;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get labels(): readonly string[] {
    return [...this.#costs.keys()];
  }

  /** What was said under a label so far. */
  cost(label: string): WireCost {
    let cost = this.#costs.get(label);
    if (cost === undefined) {
      cost = { statements: 0, roundTrips: 0, bytesToServer: 0, bytesToClient: 0, texts: [] };
      this.#costs.set(label, cost);
    }
    return cost;
  }

  /** Resolves when the next statement whose text contains this has been answered. */
  answered(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited.add({ text, done: resolve });
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  /** For its connections. */
  labelOf(sql: string): string {
    return this.#labelOf(sql) ?? this.label;
  }

  /** For its connections: these statements have been answered. */
  tell(texts: readonly string[]): void {
    for (const awaited of this.#awaited) {
      if (!texts.some((text) => text.includes(awaited.text))) continue;
      this.#awaited.delete(awaited);
      awaited.done();
    }
  }

  #take(client: Socket): void {
    const server = new Socket();
    server.setNoDelay(true);
    server.connect({ port: this.#target, host: '127.0.0.1' });
    const conversation = new Conversation(this);
    const both = [client, server] as const;
    const end = (): void => {
      for (const socket of both) socket.destroy();
    };
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        // What the other side has been sent may still have to go out.
        for (const other of both) if (other !== socket) setImmediate(() => other.end());
      });
    }
    client.on('data', (chunk: Buffer) => {
      conversation.fromClient(chunk);
      pass(chunk, client, server);
    });
    server.on('data', (chunk: Buffer) =>
      setImmediate(() =>
        setImmediate(() => {
          if (client.destroyed) return;
          if (conversation.fromServer(chunk)) pass(chunk, server, client);
          else end();
        }),
      ),
    );
  }
}

/** Hands on, no faster than it is taken. */
function pass(chunk: Buffer, from: Socket, to: Socket): void {
  if (to.write(chunk)) return;
  from.pause();
  to.once('drain', () => from.resume());
}

/** One connection: whose turn it is, and what is still to be answered. */
class Conversation {
  readonly #count: WireCount;
  readonly #client = new MessageCutter('untyped');
  readonly #server = new MessageCutter('typed');
  /** Prepared statements and portals by name. */
  readonly #prepared = new Map<string, string>();
  readonly #portals = new Map<string, string>();
  readonly #owed: Group[] = [];
  /** What was sent since the last Sync. */
  #open: Group | undefined;
  /** The client asked for what is there already, without a Sync. */
  #flushed = false;
  /** The server has had its turn: what the client says next is a new one. */
  #serverSpoke = true;
  /** A turn has begun, and its label is not known yet. */
  #turnBegan = false;

  constructor(count: WireCount) {
    this.#count = count;
  }

  fromClient(chunk: Buffer): void {
    this.#client.push(
      chunk,
      () => {
        if (!this.#serverSpoke) return;
        this.#serverSpoke = false;
        this.#turnBegan = true;
      },
      (message) => this.#said(message),
    );
  }

  /** False when this cannot be read: the server goes on encrypted. */
  fromServer(chunk: Buffer): boolean {
    let isPlain = true;
    this.#server.push(
      chunk,
      () => {},
      (message) => {
        if (message.type !== '') {
          this.#answered(message);
          return;
        }
        isPlain &&= message.head.toString() === 'N';
        this.#server.shape = 'typed';
        this.#serverSpoke = true;
      },
    );
    return isPlain;
  }

  #said(message: WireMessage): void {
    const { type, head } = message;
    if (type === '') this.#opened(message);
    else if (type === 'Q') {
      const [sql] = stringsOf(head, 1);
      this.#spend(message, this.#execute(sql!));
      this.#sync();
    } else if (type === 'P') {
      const [name, sql] = stringsOf(head, 2);
      this.#prepared.set(name!, sql!);
      this.#spend(message, this.#count.labelOf(sql!));
    } else if (type === 'B') {
      const [portal, name] = stringsOf(head, 2);
      const sql = this.#prepared.get(name!) ?? '';
      this.#portals.set(portal!, sql);
      this.#spend(message, this.#count.labelOf(sql));
    } else if (type === 'E') {
      const [portal] = stringsOf(head, 1);
      this.#spend(message, this.#execute(this.#portals.get(portal!) ?? ''));
    } else if (type === 'X') this.#turnBegan = false;
    else {
      this.#spend(message, this.#open?.label ?? this.#owed.at(-1)?.label ?? this.#count.label);
      if (type === 'S') this.#sync();
      if (type === 'H') this.#flushed = true;
    }
  }

  /** A message without a type: the start, a request to encrypt, or one to cancel what another connection does. */
  #opened(message: WireMessage): void {
    const code = message.head.readUInt32BE(0);
    if (code === CANCEL_REQUEST) return;
    this.#spend(message, START);
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      this.#server.shape = 'byte';
      this.#open = undefined;
      return;
    }
    this.#client.shape = 'typed';
    this.#sync();
  }

  /** Counts a statement; gives its label. */
  #execute(sql: string): string {
    const label = this.#count.labelOf(sql);
    const cost = this.#count.cost(label);
    cost.statements++;
    cost.texts.push(sql);
    this.#open ??= { label, texts: [] };
    this.#open.texts.push(sql);
    return label;
  }

  #spend({ bytes }: WireMessage, label: string): void {
    this.#open ??= { label, texts: [] };
    this.#open.label ??= label;
    const cost = this.#count.cost(label);
    cost.bytesToServer += bytes;
    if (this.#turnBegan) cost.roundTrips++;
    this.#turnBegan = false;
  }

  #sync(): void {
    this.#owed.push(this.#open ?? { label: undefined, texts: [] });
    this.#open = undefined;
    this.#flushed = false;
  }

  #answered({ type, bytes }: WireMessage): void {
    const isUnasked = type === 'A' || type === 'N';
    const group = this.#owed[0] ?? this.#open;
    const label = isUnasked ? UNASKED : (group?.label ?? UNASKED);
    this.#count.cost(label).bytesToClient += bytes;
    if (isUnasked) return;
    if (type === 'Z') this.#owed.shift();
    const isIdle = this.#owed.length === 0 && this.#open === undefined && !this.#client.isWithin;
    // After a Flush the answers stand for themselves; and when the server asks for a password or for the data of a COPY.
    const isFlushed = this.#flushed && this.#owed.length === 0 && type !== 'Z';
    if (isFlushed) this.#flushed = false;
    if (isIdle || isFlushed || type === 'R' || type === 'G' || type === 'W')
      this.#serverSpoke = true;
    if (type === 'Z') this.#count.tell(group?.texts ?? []);
  }
}

/** The first strings of a message, each of which ends with a zero byte. */
function stringsOf(head: Buffer, count: number): readonly string[] {
  const strings: string[] = [];
  for (let from = 0; strings.length < count; ) {
    const end = head.indexOf(0, from);
    if (end < 0) throw new Error('a name or statement is longer than what is kept of a message');
    strings.push(head.toString('utf8', from, end));
    from = end + 1;
  }
  return strings;
}
