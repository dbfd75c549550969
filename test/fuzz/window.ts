/** Where a thread shows which input it is running, so that it can be seen from outside when it does not come back. */
export class Window {
  readonly memory: SharedArrayBuffer;
  readonly #numbers: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory = new SharedArrayBuffer(8 + 4 * 1024 * 1024)) {
    this.memory = memory;
    this.#numbers = new Int32Array(memory, 0, 2);
    this.#bytes = new Uint8Array(memory, 8);
  }

  /** Counts the inputs that were begun. */
  get count(): number {
    return Atomics.load(this.#numbers, 0);
  }

  show(input: Buffer): void {
    this.#bytes.set(input.subarray(0, this.#bytes.length));
    Atomics.store(this.#numbers, 1, Math.min(input.length, this.#bytes.length));
    Atomics.add(this.#numbers, 0, 1);
  }

  /** The input that was begun last. */
  look(): Buffer {
    return Buffer.from(this.#bytes.slice(0, Atomics.load(this.#numbers, 1)));
  }
}
