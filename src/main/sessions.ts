import type { FrontStatus } from './front.ts';
import type { Fronts } from './fronts.ts';

/** The sessions of a server: its front threads, which can all go for a while and come back. */
export class Sessions {
  readonly #make: () => Fronts;
  #fronts: Fronts;
  #paused = false;
  #over = false;

  constructor(make: () => Fronts) {
    this.#make = make;
    this.#fronts = make();
  }

  async start(): Promise<void> {
    await this.#fronts.start();
  }

  status(): Promise<readonly FrontStatus[]> {
    return this.#fronts.status();
  }

  /** Ends all sessions; disposing takes new ones again, unless they were stopped for good meanwhile. */
  async pause(graceMs: number): Promise<AsyncDisposable> {
    await this.#fronts.stop(graceMs);
    this.#paused = true;
    return {
      [Symbol.asyncDispose]: async () => {
        if (this.#over) return;
        this.#paused = false;
        this.#fronts = this.#make();
        await this.#fronts.start();
      },
    };
  }

  /** No sessions any more. */
  async stop(graceMs: number): Promise<void> {
    this.#over = true;
    if (!this.#paused) await this.#fronts.stop(graceMs);
  }

  /** As `stop`, when they are paused: they do not come back. */
  end(): void {
    this.#over = true;
  }
}
