import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { end, eventually } from './program.ts';

const ANSWER_MS = 15_000;

/** A program on a pseudo terminal, as somebody sits at it: reads what is shown, types when it is time to. */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  #shown = '';
  /** Where the part of what was shown begins that nobody has read yet. */
  #unread = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exit = once(child, 'exit');
    child.stdout!.on('data', (chunk: Buffer) => {
      this.#shown += chunk.toString('utf8');
    });
    // A program that ends does not read what was typed last.
    child.stdin!.on('error', () => {});
  }

  /** Starts a program on a terminal of 120 columns and 40 lines; it ends with the test. */
  static start(
    t: TestContext,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Terminal {
    const quoted = command.map((word) => `'${word}'`).join(' ');
    const sized = `stty rows 40 cols 120; ${quoted}`;
    const child = spawn('script', ['-qefc', sized, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // No colours, no keypad mode: what is shown is text and movements.
      env: { ...process.env, TERM: 'vt100', LC_ALL: 'C.UTF-8', ...env },
    });
    t.after(() => end(child));
    return new Terminal(child);
  }

  /** Types as it stands; `\r` is the return key. */
  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** Waits until something is shown after what was seen last. */
  async see(what: RegExp): Promise<void> {
    const found = await eventually(
      `${what} on the screen`,
      () => what.exec(plain(this.#shown.slice(this.#unread))) ?? undefined,
      ANSWER_MS,
    ).catch((error: Error) => {
      throw new Error(`${error.message}: ${plain(this.#shown).slice(-3000)}`);
    });
    if (found !== undefined) this.#unread = this.#shown.length;
  }

  /** Waits for the end of the program; gives its exit code. */
  async closed(): Promise<number | null> {
    await this.#exit;
    return this.#child.exitCode;
  }
}

/** Text without the terminal's movements; where something is put elsewhere there is a space. */
function plain(shown: string): string {
  return shown
    .replace(/\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78DM])|[\x00\x07\x0f\b]/g, ' ')
    .replace(/\s+/g, ' ');
}
