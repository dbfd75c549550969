/** Time as the rooms see it, so that tests can replace it. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Milliseconds that only ever go forward, from an arbitrary start: for deadlines. */
  elapsed(): number;
  /** Calls back once after a delay; disposing cancels. The timer never keeps the process alive. */
  after(delayMs: number, callback: () => void): Disposable;
  /** Calls back again and again; disposing cancels. */
  every(periodMs: number, callback: () => void): Disposable;
  /** Resolves after a delay. */
  sleep(delayMs: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
  every(periodMs, callback) {
    const timer = setInterval(callback, periodMs).unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
};

interface Alarm {
  atMs: number;
  readonly periodMs: number | undefined;
  readonly callback: () => void;
}

/** A clock that moves only when told to. */
export class TestClock implements Clock {
  #nowMs: number;
  readonly #alarms = new Set<Alarm>();

  constructor(nowMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  elapsed(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Disposable {
    return this.#set({ atMs: this.#nowMs + delayMs, periodMs: undefined, callback });
  }

  every(periodMs: number, callback: () => void): Disposable {
    return this.#set({ atMs: this.#nowMs + periodMs, periodMs, callback });
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Moves time forward, calling what falls due in order. */
  advance(byMs: number): void {
    const until = this.#nowMs + byMs;
    for (;;) {
      let next: Alarm | undefined;
      for (const alarm of this.#alarms)
        if (alarm.atMs <= until && (next === undefined || alarm.atMs < next.atMs)) next = alarm;
      if (next === undefined) break;
      this.#nowMs = next.atMs;
      if (next.periodMs === undefined) this.#alarms.delete(next);
      else next.atMs += next.periodMs;
      next.callback();
    }
    this.#nowMs = until;
  }

  #set(alarm: Alarm): Disposable {
    this.#alarms.add(alarm);
    return { [Symbol.dispose]: () => this.#alarms.delete(alarm) };
  }
}
