import type { Socket } from 'node:net';
import { metrics } from '../metrics.ts';
import { countedAs, type Networks, plainAddress } from './networks.ts';
import type { CountKey, SharedCounts } from './shared-counts.ts';
import type { SharedPace } from './shared-pace.ts';

/** What may come in, over all threads and protocols. */
export interface DoorLimits {
  /** Open connections. */
  readonly connectionsMax: number;
  /** Open connections of one address (IPv6: of one /64). */
  readonly connectionsPerAddressMax: number;
  /** New connections of one address in a minute; as many may come at once. */
  readonly connectionsPerAddressPerMinute: number;
  /** Open connections of newcomers. */
  readonly newcomersMax: number;
}

export const DOOR_LIMITS: DoorLimits = {
  connectionsMax: 20_000,
  connectionsPerAddressMax: 200,
  connectionsPerAddressPerMinute: 1200,
  newcomersMax: 2000,
};

/** Why a connection is not taken. */
export type DoorRefusal = 'too-many' | 'too-many-of-address' | 'too-fast';

const refused: Readonly<Record<DoorRefusal, { inc(): void }>> = {
  'too-many': metrics.counter('connections_refused', 'Connections refused: too many in all'),
  'too-many-of-address': metrics.counter(
    'connections_refused_of_address',
    'Connections refused: too many of one address',
  ),
  'too-fast': metrics.counter(
    'connections_refused_too_fast',
    'Connections refused: too many of one address in a minute',
  ),
};
const shownOut = metrics.counter(
  'newcomers_shown_out',
  'Connections ended before their login to make room for others',
);

const MINUTE_MS = 60_000;

/** How many that come too fast are told so in a second; the others hear nothing, which costs a third. */
const WORDS_PER_SECOND = 50;
const WORDS = 'words of refusal';
const WORD_MS = 1000 / WORDS_PER_SECOND;

/** A connection that was taken: a newcomer until it has shown what it is good for. */
export class Guest {
  readonly #newcomers: Newcomers;
  readonly #always: boolean;
  /** Ends the connection; who serves it puts a last word in. */
  showOut: () => void;

  constructor(newcomers: Newcomers, trusted: boolean, showOut: () => void) {
    this.#newcomers = newcomers;
    this.#always = trusted;
    this.showOut = showOut;
  }

  /** It has logged in, or had a recipient accepted: it is not shown out any more. */
  settle(): void {
    this.#newcomers.delete(this);
  }

  /** It has logged out and may be shown out again. */
  unsettle(): void {
    if (!this.#always) this.#newcomers.add(this);
  }
}

/** The newcomers of this thread, oldest first, counted with those of the others. */
class Newcomers {
  readonly #counts: SharedCounts;
  readonly #key: CountKey;
  readonly #guests = new Set<Guest>();

  constructor(counts: SharedCounts) {
    this.#counts = counts;
    this.#key = counts.key('newcomers');
  }

  get size(): number {
    return this.#guests.size;
  }

  add(guest: Guest): void {
    if (this.#guests.has(guest)) return;
    this.#counts.enter(this.#key, Number.POSITIVE_INFINITY);
    this.#guests.add(guest);
  }

  delete(guest: Guest): void {
    if (this.#guests.delete(guest)) this.#counts.leave(this.#key);
  }

  /** Sees to it that there is room for one more among `max`; false when this thread has none to show out. */
  makeRoom(max: number): boolean {
    if (this.#counts.count(this.#key) < max) return true;
    const [oldest] = this.#guests;
    if (oldest === undefined) return false;
    this.delete(oldest);
    shownOut.inc();
    oldest.showOut();
    return true;
  }
}

/**
 * The door of a thread: decides before anything else is done for a connection whether it is taken. Counts are of the whole
 * process. When too many have not shown what they are good for, the oldest newcomer of this thread makes room for the next one:
 * the system spreads connections over the threads, so that one is as old as the oldest of all, more or less. Those who have
 * are never shown out. Trusted networks (webmail, a gateway for many users) are never newcomers, and of the limits only
 * `connectionsMax` holds for them.
 */
export class Door {
  readonly #counts: SharedCounts;
  readonly #pace: SharedPace;
  readonly #limits: DoorLimits;
  readonly #trusted: Networks;
  readonly #newcomers: Newcomers;
  readonly #all: CountKey;

  constructor(parts: {
    readonly counts: SharedCounts;
    readonly pace: SharedPace;
    readonly limits?: Partial<DoorLimits>;
    readonly trusted: Networks;
  }) {
    this.#counts = parts.counts;
    this.#pace = parts.pace;
    this.#limits = { ...DOOR_LIMITS, ...parts.limits };
    this.#trusted = parts.trusted;
    this.#newcomers = new Newcomers(parts.counts);
    this.#all = parts.counts.key('all');
  }

  /** Newcomers of this thread. */
  get newcomers(): number {
    return this.#newcomers.size;
  }

  /** Whether a connection is to be closed before anything is made for it: under a flood not even a word is said. */
  turnsAway(socketAddress: string): boolean {
    const address = plainAddress(socketAddress);
    if (this.#trusted.includes(address) || !this.#isTooFast(`of ${countedAs(address)}`))
      return false;
    if (this.#pace.owedMs(WORDS, 1000) + WORD_MS <= 1000) {
      this.#pace.charge(WORDS, WORD_MS, 1000);
      return false;
    }
    refused['too-fast'].inc();
    return true;
  }

  /** Takes a connection, which is counted until it closes; or says why it is not taken. */
  admit(socket: Socket): Guest | DoorRefusal {
    const address = plainAddress(socket.remoteAddress ?? 'unknown');
    const trusted = this.#trusted.includes(address);
    const name = `of ${countedAs(address)}`;
    const key = this.#counts.key(name);
    const refusal = trusted ? this.#refusalOf(key, trusted) : this.#refusalOfStranger(name, key);
    if (refusal !== undefined) {
      refused[refusal].inc();
      return refusal;
    }
    const guest = new Guest(this.#newcomers, trusted, () => socket.destroy());
    guest.unsettle();
    socket.once('close', () => {
      guest.settle();
      this.#counts.leave(this.#all);
      this.#counts.leave(key);
    });
    return guest;
  }

  /** Charges the connection; one that is too fast costs nothing more, so that a minute's patience is always enough. */
  #refusalOfStranger(name: string, key: CountKey): DoorRefusal | undefined {
    if (this.#isTooFast(name)) return 'too-fast';
    this.#pace.charge(name, this.#costMs, MINUTE_MS);
    return this.#refusalOf(key, false);
  }

  /** Counts the connection where it is taken. */
  #refusalOf(key: CountKey, trusted: boolean): DoorRefusal | undefined {
    const { connectionsMax, connectionsPerAddressMax, newcomersMax } = this.#limits;
    if (!this.#counts.enter(key, trusted ? Number.POSITIVE_INFINITY : connectionsPerAddressMax))
      return 'too-many-of-address';
    if (this.#counts.enter(this.#all, connectionsMax)) {
      if (trusted || this.#newcomers.makeRoom(newcomersMax)) return undefined;
      this.#counts.leave(this.#all);
    }
    this.#counts.leave(key);
    return 'too-many';
  }

  #isTooFast(key: string): boolean {
    return this.#pace.owedMs(key, MINUTE_MS) + this.#costMs > MINUTE_MS;
  }

  get #costMs(): number {
    return MINUTE_MS / this.#limits.connectionsPerAddressPerMinute;
  }
}
