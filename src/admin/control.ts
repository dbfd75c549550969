import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { isPosthornError, PosthornError } from '#kernel';
import type { AdminContext, Progress, Run } from './context.ts';
import { controlPath, makePath, releasePath } from './control-path.ts';
import { JsonLines } from './json-lines.ts';
import { runVerb, type VerbName } from './verbs.ts';

const REQUEST_BYTES_MAX = 64 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 64;
/** A caller that hears nothing for longer than a few of these may take the server for dead. */
export const SIGN_OF_LIFE_MS = 5000;
const PROGRESS_MS = 100;
const CLOSE_TIMEOUT_MS = 500;

/**
 * The server's end of the control socket. One request a connection, JSON lines: `{verb, args}` comes in, any number of
 * `{progress}` and `{alive}` go out, then `{result}` or `{error: {code, message}}`. Only the user who runs the server
 * can open the socket.
 */
export class ControlServer {
  readonly #server: Server;
  readonly #context: AdminContext;
  readonly #dataDir: string;
  readonly #path: string;
  readonly #sockets = new Set<Socket>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  private constructor(context: AdminContext, dataDir: string, path: string) {
    this.#context = context;
    this.#dataDir = dataDir;
    this.#path = path;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /**
   * Opens the control socket of a data directory whose lock the caller holds: a socket that is there already is what a dead
   * server left. @throws {configuration} when it cannot be opened
   */
  static async listen(dataDir: string, context: AdminContext): Promise<ControlServer> {
    const path = controlPath(dataDir);
    makePath(path, dataDir);
    rmSync(path, { force: true });
    const control = new ControlServer(context, dataDir, path);
    await control.#listen();
    return control;
  }

  /** Stops listening, tells long verbs to end, and waits for them a moment. */
  async close(): Promise<void> {
    this.#server.close();
    rmSync(this.#path, { force: true });
    releasePath(this.#path, this.#dataDir);
    this.#stopping.abort();
    if (this.#running.size > 0) {
      const { promise: overdue, resolve } = Promise.withResolvers<void>();
      using _timer = this.#context.clock.after(CLOSE_TIMEOUT_MS, resolve);
      await Promise.race([Promise.allSettled([...this.#running]), overdue]);
    }
    for (const socket of this.#sockets) socket.destroySoon();
  }

  async #listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', (error) =>
      reject(
        new PosthornError(
          'configuration',
          `cannot open the control socket ${this.#path}: ${error.message}`,
        ),
      ),
    );
    this.#server.listen(this.#path, resolve);
    // Bound by now, and nobody was accepted yet.
    if (this.#server.listening) chmodSync(this.#path, 0o600);
    await promise;
    this.#server.on('error', () => {});
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const caller = new AbortController();
    const late = this.#context.clock.after(REQUEST_TIMEOUT_MS, () => socket.destroy());
    const lines = new JsonLines(REQUEST_BYTES_MAX);
    let asked = false;
    socket.on('error', () => {});
    socket.on('close', () => {
      late[Symbol.dispose]();
      this.#sockets.delete(socket);
      caller.abort();
    });
    socket.on('end', () => {
      if (!asked) socket.end();
    });
    socket.on('data', (chunk: Buffer) => {
      if (asked) return;
      try {
        const [request] = lines.push(chunk);
        if (request === undefined) return;
        asked = true;
        late[Symbol.dispose]();
        const answered = this.#answer(socket, request, caller.signal);
        this.#running.add(answered);
        void answered.finally(() => this.#running.delete(answered));
      } catch (error) {
        asked = true;
        socket.end(line(failure(error)));
      }
    });
  }

  /** Runs a request and sends what came of it. Never throws. */
  async #answer(socket: Socket, request: unknown, caller: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    using _life = clock.every(SIGN_OF_LIFE_MS, () => socket.write(line({ alive: true })));
    const signal = AbortSignal.any([caller, this.#stopping.signal]);
    try {
      const { verb, args } = readRequest(request);
      const result = await runVerb(this.#context, verb, args, this.#runOf(socket, signal));
      socket.end(line({ result: result as unknown }));
    } catch (error) {
      socket.end(line(failure(error)));
    }
  }

  #runOf(socket: Socket, signal: AbortSignal): Run {
    const { clock } = this.#context;
    let nextMs = 0;
    return {
      signal,
      onProgress(progress: Progress) {
        const nowMs = clock.now();
        const last = progress.done >= progress.total;
        // A caller that does not read gets less progress, not a longer queue.
        if ((nowMs < nextMs && !last) || socket.writableNeedDrain) return;
        nextMs = nowMs + PROGRESS_MS;
        socket.write(line({ progress }));
      },
    };
  }
}

function readRequest(request: unknown): { readonly verb: VerbName; readonly args: never } {
  if (typeof request !== 'object' || request === null || !('verb' in request))
    throw new PosthornError('invalid', 'a request is {"verb": NAME, "args": {...}}');
  const { verb, args } = request as { readonly verb: unknown; readonly args?: unknown };
  if (typeof verb !== 'string') throw new PosthornError('invalid', 'a verb is a name');
  // Both are checked by runVerb against the table.
  return { verb: verb as VerbName, args: (args ?? {}) as never };
}

function failure(error: unknown): {
  readonly error: { readonly code: string; readonly message: string };
} {
  const message = error instanceof Error ? error.message : String(error);
  return { error: { code: isPosthornError(error) ? error.code : 'internal', message } };
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
