import { connect, type Socket } from 'node:net';

const ANSWER_MS = 40_000;

type Answer = readonly [type: 1, id: number, error: unknown, result: unknown];

/**
 * Drives a Mozilla program by Marionette, its remote protocol: packets of `length:JSON`, a command is
 * `[0, id, name, parameters]`, its answer `[1, id, error, result]`.
 */
export class Marionette {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #input = Buffer.alloc(0);
  #ids = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      this.#input = Buffer.concat([this.#input, chunk]);
      for (let packet = this.#packet(); packet !== undefined; packet = this.#packet())
        if (Array.isArray(packet)) this.#waiting.get(packet[1])?.(packet as unknown as Answer);
    });
  }

  /** Connects and begins a session in the program's own privileged context; undefined when nothing listens. */
  static async connect(port: number): Promise<Marionette | undefined> {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (!open) return undefined;
    const marionette = new Marionette(socket);
    await marionette.#call('WebDriver:NewSession', {});
    await marionette.#call('Marionette:SetContext', { value: 'chrome' });
    return marionette;
  }

  /** Runs the body of an async function in the program's main window and gives what it returns, as JSON would. */
  async run(body: string, ...args: readonly unknown[]): Promise<unknown> {
    const script = `const done = arguments[arguments.length - 1];
      const args = [...arguments];
      (async () => { ${body} })().then(
        (value) => done({ value }), (error) => done({ error: error + ' ' + (error.stack ?? '') }));`;
    const result = (await this.#call('WebDriver:ExecuteAsyncScript', {
      script,
      args,
      sandbox: 'system',
    })) as { readonly value: { readonly value?: unknown; readonly error?: string } };
    if (result.value.error !== undefined) throw new Error(result.value.error);
    return result.value.value;
  }

  close(): void {
    this.#socket.destroy();
  }

  #packet(): unknown {
    const colon = this.#input.indexOf(':');
    if (colon < 0) return undefined;
    const end = colon + 1 + Number(this.#input.toString('latin1', 0, colon));
    if (this.#input.length < end) return undefined;
    const packet: unknown = JSON.parse(this.#input.toString('utf8', colon + 1, end));
    this.#input = this.#input.subarray(end);
    return packet;
  }

  async #call(name: string, parameters: object): Promise<unknown> {
    this.#ids++;
    const id = this.#ids;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => reject(new Error(`${name}: no answer`)), ANSWER_MS);
    this.#waiting.set(id, resolve);
    const text = JSON.stringify([0, id, name, parameters]);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    try {
      const [, , error, result] = await promise;
      if (error !== null) throw new Error(`${name}: ${JSON.stringify(error)}`);
      return result;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }
}
