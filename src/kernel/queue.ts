import { assert } from './assert.ts';

/** A first-in first-out queue with a bound; `push` says false when it is full, the caller decides what then. */
export class BoundedQueue<T> {
  readonly #capacity: number;
  #items: (T | undefined)[] = [];
  #head = 0;

  constructor(capacity: number) {
    assert(capacity > 0, 'a queue holds at least one item');
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  get full(): boolean {
    return this.length >= this.#capacity;
  }

  /** What `shift` would give. */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): boolean {
    if (this.full) return false;
    this.#items.push(item);
    return true;
  }

  shift(): T | undefined {
    if (this.#head >= this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
