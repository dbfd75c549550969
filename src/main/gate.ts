import { PosthornError } from '#kernel';
import type { Change, MailboxId } from '#model';
import type { Command, CommandOf, Engine, OutcomeOf } from '#storage';

/** An engine whose writes can be held back for a while: they are refused, as those who write may try again. */
export class Gate implements Engine {
  readonly #engine: Engine;
  readonly #underWay = new Set<Promise<unknown>>();
  #shut = false;
  #over = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get name(): string {
    return this.#engine.name;
  }

  get read(): Engine['read'] {
    return this.#engine.read;
  }

  get blobs(): Engine['blobs'] {
    return this.#engine.blobs;
  }

  /** Holds writes back; resolves when those under way are done. */
  async shut(): Promise<void> {
    this.#shut = true;
    await Promise.allSettled([...this.#underWay]);
  }

  open(): void {
    this.#shut = this.#over;
  }

  /** It is not opened any more: what is written belongs elsewhere. */
  end(): void {
    this.#over = true;
  }

  execute<Kind extends Command['kind']>(
    owner: string,
    command: CommandOf<Kind>,
  ): Promise<OutcomeOf<Kind>> {
    if (this.#shut)
      return Promise.reject(
        new PosthornError('unavailable', 'the store is being moved to another engine, try again'),
      );
    const done = this.#engine.execute<Kind>(owner, command);
    this.#underWay.add(done);
    const forget = (): void => void this.#underWay.delete(done);
    done.then(forget, forget);
    return done;
  }

  commits(mailboxId: MailboxId): number | undefined {
    return this.#engine.commits(mailboxId);
  }

  onChanges(
    listener: (changes: readonly Change[]) => void,
    watched?: () => Iterable<MailboxId>,
  ): Disposable {
    return this.#engine.onChanges(listener, watched);
  }

  lease(name: string, ttlMs: number): Promise<boolean> {
    return this.#engine.lease(name, ttlMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
  }
}
