import { assert } from './assert.ts';

/** How often something has happened in this thread. */
export class Counter {
  readonly name: string;
  /** What is counted, for people. */
  readonly help: string;
  #value = 0;

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  get value(): number {
    return this.#value;
  }

  inc(by = 1): void {
    this.#value += by;
  }
}

const counters = new Map<string, Counter>();

/** The counters of this thread, added up over the threads by whoever shows them. */
export const metrics = {
  counter(name: string, help: string): Counter {
    const counter = new Counter(`posthorn_${name}`, help);
    assert(!counters.has(counter.name), `two counters are called ${name}`);
    counters.set(counter.name, counter);
    return counter;
  },
  /** Current values by name. */
  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries([...counters.values()].map(({ name, value }) => [name, value]));
  },
};
