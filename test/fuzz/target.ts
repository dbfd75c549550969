import type { Random } from './random.ts';

/**
 * Something that takes bytes from outside, with what must hold of it whatever the bytes are. An input is everything that a run
 * depends on: how it is cut into pieces follows from its bytes.
 */
export interface Target {
  readonly name: string;
  /** Whole inputs worth beginning with. */
  readonly seeds: readonly (string | Buffer)[];
  /** Pieces that mean something here; they are put into inputs. */
  readonly words: readonly string[];
  /** Inputs are not longer than this. */
  readonly bytesMax: number;
  /** An input from the grammar, mostly valid. */
  generate(random: Random): Buffer;
  /**
   * Runs one input.
   *
   * @returns the class of its outcome, in a few words; an input of a class that is new is kept to be varied
   * @throws whatever says which invariant is broken
   */
  run(input: Buffer): string | Promise<string>;
  /** Lets go of what runs have opened. */
  close?(): Promise<void>;
}

/** Text of one byte a character. */
export function wire(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
