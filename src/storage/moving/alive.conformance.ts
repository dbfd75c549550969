/** A store that goes on being used while it is moved, and targets that fail under a move. */
import fc from 'fast-check';
import type { Engine } from '#storage';
import type { MoveTarget } from '#storage/moving';
import { addBox, run } from '../conformance/fixture.conformance.ts';
import { Party, perform, steps } from '../conformance/model-step.conformance.ts';

/** Does random commands, some at a time, until it is told to stand still for good. */
export class Traffic {
  readonly #engine: Engine;
  readonly #parties: readonly [Party, Party];
  readonly #done: Promise<void>;
  #stopped = false;
  commands = 0;

  private constructor(engine: Engine, parties: readonly [Party, Party], seed: number) {
    this.#engine = engine;
    this.#parties = parties;
    this.#done = this.#go(seed);
    // Whoever stops it hears of a failure.
    this.#done.catch(() => {});
  }

  static async start(engine: Engine, seed: number): Promise<Traffic> {
    const parties = [new Party(await addBox(engine)), new Party(await addBox(engine))] as const;
    return new Traffic(engine, parties, seed);
  }

  /** Resolves when the last command has been answered as the model says. */
  async stop(): Promise<AsyncDisposable> {
    this.#stopped = true;
    await this.#done;
    return { [Symbol.asyncDispose]: async () => {} };
  }

  /** Resolves when so many more commands have been done. */
  async progress(count: number): Promise<void> {
    const until = this.commands + count;
    while (this.commands < until && !this.#stopped) await nextTurn();
  }

  async #go(seed: number): Promise<void> {
    const group = fc.array(steps, { minLength: 1, maxLength: 5 });
    for (const script of fc.sample(group, { seed, numRuns: 5000 })) {
      if (this.#stopped) return;
      await Promise.all(script.map((step) => perform(this.#engine, this.#parties, step)));
      this.commands += script.length;
      if (this.commands % 200 < 5) await this.#houseKeeping();
      await nextTurn();
    }
  }

  /** What else changes: the directory, whole mailboxes, and how far the change log reaches back. */
  async #houseKeeping(): Promise<void> {
    const box = await addBox(this.#engine);
    await box.deliver(3);
    const { mailboxId } = box;
    const address = `also${mailboxId}@example.test`;
    await run(this.#engine, { kind: 'change-address', mailboxId, address, on: true });
    if (mailboxId % 2 === 0) await run(this.#engine, { kind: 'remove-mailbox', mailboxId });
    if (mailboxId % 3 === 0)
      await run(this.#engine, { kind: 'clean-up', contentsMax: 50, keepChanges: 5 });
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The failure of a target that was told to fail. */
export class Cut extends Error {}

/** Lets a number of calls through to a target and fails all that follow, as if the process had ended there. */
export function cutAfter(
  target: MoveTarget,
  calls: number,
): MoveTarget & { readonly calls: number } {
  let made = 0;
  return new Proxy(target, {
    get(_, name) {
      if (name === 'calls') return made;
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function' || name === Symbol.asyncDispose)
        return typeof value === 'function' ? value.bind(target) : value;
      return async (...args: unknown[]) => {
        if (made >= calls) throw new Cut();
        made++;
        return await value.apply(target, args);
      };
    },
  }) as MoveTarget & { readonly calls: number };
}
