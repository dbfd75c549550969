import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { PASSWORD, USER } from '../../src/protocols/imap4/stand.test.ts';

/** How long an answer is waited for. */
const ANSWER_MS = 10_000;

/**
 * Plays a client's part of a conversation and holds the server's answers against the script, which has a line for each step:
 *
 * ```
 * C: a1 NOOP           is sent; C lines with no S line between them go out in one packet
 * S: a1 OK …           a line like this comes; lines before it are passed over; … stands for anything
 * N: * … EXISTS        no line like this has come since the last C line
 * ```
 * `<name>` in an S line keeps what stands there (one word), and in any later line stands for it. `{user}`, `{password}` and `{plain}`
 * are the login's; `{n}` and the like of literals stay as they are.
 *
 * @returns everything that came, as wire strings without line ends
 */
export async function replay(port: number, script: string): Promise<readonly string[]> {
  using player = await Player.open(port);
  return await player.play(script);
}

/** A client's part in several acts, between which something else happens. */
export class Player implements Disposable {
  readonly #wire: Wire;
  readonly #kept = new Map<string, string>();

  private constructor(wire: Wire) {
    this.#wire = wire;
  }

  static async open(port: number): Promise<Player> {
    return new Player(await Wire.open(port));
  }

  /** Plays a script, as `replay` does; gives everything that has come so far. */
  async play(script: string): Promise<readonly string[]> {
    let sent = '';
    for (const [kind, text] of stepsOf(script)) {
      const line = fill(text, this.#kept);
      if (kind === 'C') {
        sent += `${line}\r\n`;
        continue;
      }
      if (sent !== '') this.#wire.send(sent);
      sent = '';
      if (kind === 'N') this.#wire.hasNot(patternOf(line));
      else {
        const names = [...line.matchAll(/<([a-z]+)>/g)].map(([, name]) => name!);
        const found = await this.#wire.see(line, patternOf(line));
        for (const [index, name] of names.entries()) this.#kept.set(name, found[index + 1]!);
      }
    }
    return this.#wire.lines;
  }

  [Symbol.dispose](): void {
    this.#wire[Symbol.dispose]();
  }
}

/** Lines of a connection. */
class Wire implements Disposable {
  readonly #socket: Socket;
  readonly lines: string[] = [];
  /** Where the lines begin that no step has seen, and those after the last sending. */
  #next = 0;
  #sentAt = 0;
  #partial = '';
  #wake = (): void => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      const lines = (this.#partial + chunk.toString('latin1')).split('\r\n');
      this.#partial = lines.pop()!;
      this.lines.push(...lines);
      this.#wake();
    });
    socket.on('error', () => {});
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setNoDelay(true);
    const wire = new Wire(socket);
    await wire.see('the greeting', /OK/);
    return wire;
  }

  send(text: string): void {
    this.#sentAt = this.lines.length;
    this.#next = this.#sentAt;
    this.#socket.write(Buffer.from(text, 'latin1'));
  }

  async see(what: string, pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(ANSWER_MS);
    for (;;) {
      while (this.#next < this.lines.length) {
        const found = pattern.exec(this.lines[this.#next++]!);
        if (found !== null) return found;
      }
      if (deadline.aborted)
        assert.fail(`in vain: ${what}; since then:\n${this.lines.slice(this.#sentAt).join('\n')}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      deadline.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    }
  }

  hasNot(pattern: RegExp): void {
    const found = this.lines.slice(this.#sentAt).filter((line) => pattern.test(line));
    assert.deepEqual(found, [], `no line like ${pattern}`);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function stepsOf(script: string): readonly (readonly [string, string])[] {
  const lines = script.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const step = /^ *([CSN]): ?(.*)$/.exec(line);
    assert.ok(step !== null, `no step: ${line}`);
    return [step[1]!, step[2]!] as const;
  });
}

function fill(text: string, kept: ReadonlyMap<string, string>): string {
  const plain = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64');
  return text
    .replaceAll('{user}', USER)
    .replaceAll('{password}', PASSWORD)
    .replaceAll('{plain}', plain)
    .replace(/<([a-z]+)>/g, (whole, name: string) => kept.get(name) ?? whole);
}

function patternOf(line: string): RegExp {
  const parts = line.split(/(…|<[a-z]+>)/).map((part, index) => {
    if (index % 2 === 0) return RegExp.escape(part);
    return part === '…' ? '.*' : '([^ \\])]+)';
  });
  return new RegExp(`^${parts.join('')}$`);
}
