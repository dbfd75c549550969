import { BlockList } from 'node:net';
import type { Door } from './door.ts';

/** Has the door asked before there is a socket: Node looks at a block list first, and closes what is on it for a third of the cost. */
export class Turnstile extends BlockList {
  readonly #door: Door;

  constructor(door: Door) {
    super();
    this.#door = door;
  }

  /** Asked for each connection with its address. */
  override check(address: unknown): boolean {
    return typeof address === 'string' && this.#door.turnsAway(address);
  }
}
