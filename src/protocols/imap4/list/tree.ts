import { DELIMITER, type SpecialUse } from '#model';
import type { Found, Namespace } from '#store';

/** A name that LIST may give: a folder, a subscription, or a level above one. */
export interface Listed {
  readonly name: string;
  /** Undefined: there is no such folder. */
  readonly found: Found | undefined;
  readonly subscribed: boolean;
}

/** The names that an account has, with what LIST wants to know of them. */
export class FolderTree {
  readonly #names = new Map<string, Listed>();
  readonly #parents = new Set<string>();
  /** Names that have a subscribed one below them. */
  readonly #aboveSubscribed = new Set<string>();
  /** Names that have a special-use folder below them. */
  readonly #aboveSpecial = new Set<string>();

  constructor(folders: readonly Found[], subscriptions: readonly string[]) {
    const subscribed = new Set(subscriptions);
    for (const found of folders) {
      const name = found.mailbox.prefix + found.folder.name;
      this.#names.set(name, { name, found, subscribed: subscribed.has(name) });
      for (const above of levelsAbove(name)) {
        this.#parents.add(above);
        // Of others not all levels are there, or may be looked up.
        if (!found.mailbox.isOwn) this.#addMissing(above, false);
        if (specialUseOf(found) !== undefined) this.#aboveSpecial.add(above);
      }
    }
    for (const name of subscriptions) {
      this.#addMissing(name, true);
      for (const above of levelsAbove(name)) {
        this.#addMissing(above, false);
        this.#aboveSubscribed.add(above);
      }
    }
  }

  /** Reads the names of an account. */
  static async of(names: Namespace, scope: { readonly others: boolean }): Promise<FolderTree> {
    return new FolderTree(await names.folders(scope), await names.own.subscriptions());
  }

  /** All names in order, INBOX first. */
  names(): readonly Listed[] {
    return [...this.#names.values()].sort((a, b) => rank(a.name) - rank(b.name) || order(a, b));
  }

  /** What is known of a name; undefined when it is none. */
  get(name: string): Listed | undefined {
    return this.#names.get(name);
  }

  /** Whether there is a folder below a name. */
  hasChildren(name: string): boolean {
    return this.#parents.has(name);
  }

  hasSubscribedBelow(name: string): boolean {
    return this.#aboveSubscribed.has(name);
  }

  hasSpecialUseBelow(name: string): boolean {
    return this.#aboveSpecial.has(name);
  }

  #addMissing(name: string, subscribed: boolean): void {
    if (!this.#names.has(name) || (subscribed && !this.#names.get(name)!.subscribed))
      this.#names.set(name, { name, found: this.#names.get(name)?.found, subscribed });
  }
}

/** What a folder is for; those of others are for them, not for who looks (RFC 6154 §2). */
export function specialUseOf({ mailbox, folder }: Found): SpecialUse | undefined {
  return mailbox.isOwn ? folder.specialUse : undefined;
}

export function* levelsAbove(name: string): Generator<string> {
  for (let at = name.indexOf(DELIMITER); at >= 0; at = name.indexOf(DELIMITER, at + 1))
    yield name.slice(0, at);
}

function rank(name: string): number {
  return name === 'INBOX' ? 0 : 1;
}

function order(a: Listed, b: Listed): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
