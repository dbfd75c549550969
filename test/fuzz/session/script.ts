import { announcementAt, trimCr } from '../../../src/wire/imap/literal.ts';
import type { Answer, Player } from './player.ts';

const LF = 10;
const OTHER = '>'.charCodeAt(0);

/**
 * Plays a script: lines as a client sends them, with their literals; a line that begins with ">" is the second client's. Each
 * waits for the end of its command before it goes on, and for the go-ahead before a literal that wants one.
 */
export class Script {
  readonly #bytes: Buffer;
  readonly #players: readonly [Player, Player];
  /** Who is in the middle of a command whose next line is not a command: IDLE, AUTHENTICATE. */
  readonly #raw = new Set<Player>();
  #at = 0;
  #outcome = 'empty';

  constructor(bytes: Buffer, players: readonly [Player, Player]) {
    this.#bytes = bytes;
    this.#players = players;
  }

  /** How the last command ended. */
  get outcome(): string {
    return this.#outcome;
  }

  /** Whether a client is in the middle of a command when the script ends. */
  isBusy(player: Player): boolean {
    return this.#raw.has(player);
  }

  async play(): Promise<void> {
    while (this.#at < this.#bytes.length) {
      const other = this.#bytes[this.#at] === OTHER;
      if (other) this.#at++;
      const player = this.#players[other ? 1 : 0];
      const line = this.#line();
      if (line === undefined) break;
      if (player.closed) continue;
      if (this.#raw.has(player)) await this.#continue(player, line);
      // Empty lines between commands are passed over.
      else if (!/^\r?\n$/.test(line.toString('latin1'))) await this.#command(player, line);
    }
  }

  /** The next line with its line end; undefined for a last one without. */
  #line(): Buffer | undefined {
    const lf = this.#bytes.indexOf(LF, this.#at);
    if (lf < 0) {
      this.#at = this.#bytes.length;
      return undefined;
    }
    const line = this.#bytes.subarray(this.#at, lf + 1);
    this.#at = lf + 1;
    return line;
  }

  async #continue(player: Player, line: Buffer): Promise<void> {
    player.write(line);
    this.#note(player, await player.answer());
  }

  async #command(player: Player, first: Buffer): Promise<void> {
    player.begin(first);
    for (let line = first; ; ) {
      const literal = announcementAt(line, 0, trimCr(line, 0, line.length - 1));
      if (literal === undefined) return this.#note(player, await player.answer());
      const size = Math.min(literal.size, this.#bytes.length - this.#at);
      const bytes = this.#bytes.subarray(this.#at, this.#at + size);
      this.#at += size;
      const rest = this.#line();
      if (literal.synchronizing) {
        const answer = await player.answer();
        if (answer !== 'continue') return this.#note(player, answer);
      }
      player.write(bytes);
      // The script ends within the command: so does the connection.
      if (size < literal.size || rest === undefined) return player.leave();
      player.write(rest);
      line = rest;
    }
  }

  #note(player: Player, answer: Answer): void {
    if (answer === 'continue') this.#raw.add(player);
    else this.#raw.delete(player);
    this.#outcome =
      typeof answer === 'string'
        ? answer
        : `${answer.condition} ${answer.text.replace(/found.*|\d+/gs, '').slice(0, 50)}`;
  }
}
