import { isPosthornError } from '#kernel';
import type { SeqNum, Uid } from '#model';
import { responseCode } from '#wire';
import type { SearchScope } from '../search/scope.ts';
import { scopeOf } from '../search/session-scope.ts';
import type { Session } from '../session.ts';
import { Context, type ContextQuery } from './context.ts';

/** The searches of a session whose results are followed, by tag. They end with the selection (RFC 5267 §4.3). */
export class Contexts {
  readonly #contexts = new Map<string, Context>();

  get size(): number {
    return this.#contexts.size;
  }

  has(tag: string): boolean {
    return this.#contexts.has(tag);
  }

  /**
   * Follows the results of a search from now on; tells the client when it is one too many, or has too many results to
   * be kept in order (RFC 5267 §4.3.1).
   */
  open(session: Session, query: ContextQuery, scope: SearchScope): void {
    const context = new Context(query, scope);
    const isTooMuch = context.sortedSize > 0 && this.#isTooMuch(session, context.sortedSize);
    if (this.#contexts.size >= session.server.limits.contextsMax || isTooMuch)
      refuse(session, query.tag);
    else this.#contexts.set(query.tag, context);
  }

  /** Whether so many results more than there are would be too many to be kept in order. */
  #isTooMuch(session: Session, more: number): boolean {
    let sorted = more;
    for (const context of this.#contexts.values()) sorted += context.sortedSize;
    return sorted > session.server.limits.sortedResultsMax;
  }

  /** Ends one. @returns false when there is none with that tag */
  cancel(tag: string): boolean {
    return this.#contexts.delete(tag);
  }

  clear(): void {
    this.#contexts.clear();
  }

  /** Tells which results are gone; before their numbers are taken away (RFC 5267 §4.3.4). @param uids ascending */
  takeGone(session: Session, uids: readonly Uid[]): void {
    if (uids.length === 0) return;
    for (const context of this.#contexts.values()) context.takeGone(session, uids);
  }

  /**
   * Tells what new or changed messages change in the results; after the client knows of these. A search whose results
   * have become too many is given up, which is said. What is wanted of those that came and are results follows by FETCH.
   *
   * @param uids ascending
   * @param arrived those among them that others have just put there
   */
  async follow(session: Session, uids: readonly Uid[], arrived: readonly Uid[]): Promise<void> {
    if (this.#contexts.size === 0 || uids.length === 0) return;
    const scope = scopeOf(session);
    const seqs = uids
      .map((uid) => session.view.seqOf(uid))
      .filter((seq): seq is SeqNum => seq !== undefined);
    try {
      for (const context of this.#contexts.values()) {
        const added = await context.follow(session, scope, seqs);
        if (context.items !== undefined) {
          const results = new Set<Uid>(added);
          const wanted = arrived.filter((uid) => results.has(uid));
          session.arrivals.want(wanted, context.items);
        }
        if (context.sortedSize === 0 || !this.#isTooMuch(session, 0)) continue;
        this.#contexts.delete(context.tag);
        refuse(session, context.tag);
      }
    } catch (error) {
      // Nobody is there any more to be told.
      if (!isPosthornError(error, 'connection-closed') && !isPosthornError(error, 'shutting-down'))
        throw error;
    }
  }
}

/** Says that the results of a search are not followed, or not any more. */
function refuse(session: Session, tag: string): void {
  session.say('NO', 'Too much to follow', responseCode.noUpdate(tag));
}
