import { type Clock, metrics, waits } from '#kernel';
import type { Change, FolderId, MailboxId, ModSeq } from '#model';
import type { Connection } from './connection.ts';
import { numberArray } from './literals.ts';
import { backOff, type Pool } from './pool.ts';

/** How often what is watched is looked at, in case a hint was lost. */
const LOOK_MS = 3000;
/** How long a listening connection may keep silent when it is asked. */
const PROBE_MS = 5000;
/** Hints of one moment go together. */
const GATHER_MS = 4;
/** A notification of PostgreSQL has room for 8000 bytes. */
const PAYLOAD_BYTES_MAX = 7800;
/** Hints that wait to be sent; beyond, they are dropped, and what they would have said is found by looking. */
const WAITING_MAX = 20_000;

const NOTIFY = 'SELECT pg_notify($1, $2)';
const LOOK_AT_DIRECTORY = "SELECT value FROM header WHERE key = 'directory_version'";
const LOOK_AT_MAILBOXES =
  'SELECT mailbox_id, modseq, log_floor FROM mailbox WHERE mailbox_id = ANY($1::bigint[])';
const WATCHED = 'unnest($1::bigint[], $2::bigint[]) AS w(mailbox_id, modseq)';
// Folder 0 is the list of folders.
const LOOK_AT_FOLDERS = `SELECT f.mailbox_id, f.folder_id, f.highest_modseq
  FROM ${WATCHED} JOIN folder AS f ON f.mailbox_id = w.mailbox_id WHERE f.highest_modseq > w.modseq
  UNION ALL SELECT c.mailbox_id, 0::bigint, max(c.modseq)
  FROM ${WATCHED} JOIN change AS c ON c.mailbox_id = w.mailbox_id AND c.modseq > w.modseq
  WHERE w.modseq > 0 AND c.folder_id = 0 AND c.kind = 'm' GROUP BY c.mailbox_id`;

const lost = metrics.counter('postgres_hints_lost', 'Changes found by looking, not by a hint');

type Listener = (changes: readonly Change[]) => void;
type MailboxChange = Extract<Change, { readonly kind: 'folders' | 'entries' }>;

/**
 * How one thread hears of what others committed. Hints travel by NOTIFY, in a statement of their own after the commit: within it,
 * commits would wait for each other, and a hint may be lost. What is watched is looked at every few seconds too, so a lost
 * hint costs these, and never a message.
 */
export class Hints {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #channel: string;
  readonly #sender: string;
  readonly #publish: Listener;
  readonly #watched: () => Iterable<MailboxId>;
  /** Modseqs up to which the listeners of a mailbox have been told all: those of the last look. */
  #told = new Map<MailboxId, number>();
  /** What they heard since. It says nothing of what was before it: a hint may come where an earlier one was lost. */
  readonly #heard = new Map<string, MailboxChange>();
  #directoryVersion: string | undefined;
  readonly #waiting = new Map<string, string>();
  #gathering: Disposable | undefined;
  #looking: Promise<void> | undefined;
  #look: Disposable | undefined;
  #listener: Connection | undefined;
  #probing = false;
  #closed = false;

  constructor(options: {
    readonly pool: Pool;
    readonly clock: Clock;
    readonly schema: string;
    /** Who sends: its own hints are not heard again. */
    readonly sender: string;
    readonly publish: Listener;
    readonly watched: () => Iterable<MailboxId>;
  }) {
    this.#pool = options.pool;
    this.#clock = options.clock;
    this.#channel = `posthorn_${options.schema}`;
    this.#sender = options.sender;
    this.#publish = options.publish;
    this.#watched = options.watched;
  }

  get #listening(): string {
    return `LISTEN "${this.#channel}"`;
  }

  /** Begins to listen and to look. */
  start(): void {
    this.#look = this.#clock.every(LOOK_MS, () => this.lookSoon());
    void this.#listen();
  }

  /** Tells the others of own commits, which the own listeners have heard of. */
  send(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#note(change);
      if (this.#waiting.size >= WAITING_MAX) continue;
      const [key, text] = encode(change);
      this.#waiting.set(key, text);
    }
    if (this.#closed || this.#waiting.size === 0) return;
    this.#gathering ??= this.#clock.after(GATHER_MS, () => void this.#flush());
  }

  /** Looks now, and resolves when it has. */
  lookSoon(): void {
    this.#looking ??= this.#lookOnce()
      .catch(() => {
        // Out of reach: the next look will tell.
      })
      .finally(() => {
        this.#looking = undefined;
      });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#look?.[Symbol.dispose]();
    this.#gathering?.[Symbol.dispose]();
    this.#listener?.destroy();
    await this.#looking;
  }

  async #flush(): Promise<void> {
    this.#gathering = undefined;
    const texts = [...this.#waiting.values()];
    this.#waiting.clear();
    let payload = this.#sender;
    const payloads: string[] = [];
    for (const text of texts) {
      if (payload.length + text.length + 1 > PAYLOAD_BYTES_MAX) {
        payloads.push(payload);
        payload = this.#sender;
      }
      payload += `;${text}`;
    }
    payloads.push(payload);
    try {
      await this.#pool.use('hints', (connection) =>
        connection.flight(payloads.map((text) => [NOTIFY, this.#channel, text] as const)),
      );
    } catch {
      // Hints may be lost.
    }
  }

  /** Listens for good: whenever the connection is lost, it is made again. */
  async #listen(): Promise<void> {
    for (let tries = 0; !this.#closed; tries++) {
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      try {
        const listener = await this.#pool.openListener((payload) => this.#hear(payload), end);
        this.#listener = listener;
        if (this.#closed) listener.destroy();
        else {
          await listener.query(this.#listening);
          tries = 0;
          // What was said while nobody listened.
          this.lookSoon();
          await ended;
        }
      } catch {
        // Out of reach, and nothing to do but to try again.
      }
      if (!this.#closed) await this.#clock.sleep(backOff(tries));
    }
  }

  #hear(payload: string): void {
    const [sender, ...texts] = payload.split(';');
    if (sender === this.#sender) return;
    const changes = texts.map(decode).filter((change) => change !== undefined);
    for (const change of changes) this.#note(change);
    if (changes.length > 0) this.#publish(changes);
  }

  #note(change: Change): void {
    if (change.kind !== 'folders' && change.kind !== 'entries') return;
    if (this.#told.has(change.mailboxId) && !this.#wasHeard(change))
      this.#heard.set(encode(change)[0], change);
  }

  #wasHeard(change: MailboxChange): boolean {
    return (this.#heard.get(encode(change)[0])?.modSeq ?? 0) >= change.modSeq;
  }

  /** A listener that the network forgot hears nothing and is never told so: one that does not answer is cut off, and made again. */
  async #probe(): Promise<void> {
    const listener = this.#listener;
    if (listener === undefined || listener.broken || this.#probing) return;
    this.#probing = true;
    using _wait = waits.enter('a sign of life of PostgreSQL', 'hints', PROBE_MS, () =>
      listener.destroy(),
    );
    // To be asked again changes nothing for one that listens.
    await listener.query(this.#listening).catch(() => listener.destroy());
    this.#probing = false;
  }

  async #lookOnce(): Promise<void> {
    void this.#probe();
    const watched = [...new Set(this.#watched())];
    // Of those that are watched since the last look, nothing is known: they are told what there is.
    const told = new Map(watched.map((mailboxId) => [mailboxId, this.#told.get(mailboxId) ?? 0]));
    const [directory, mailboxes] = await this.#pool.use('hints', (connection) =>
      connection.flight([[LOOK_AT_DIRECTORY], [LOOK_AT_MAILBOXES, numberArray(watched)]]),
    );
    const changes: Change[] = [];
    const version = directory![0]?.[0] as string | undefined;
    if (this.#directoryVersion !== undefined && version !== this.#directoryVersion)
      changes.push({ kind: 'directory' });
    this.#directoryVersion = version;
    const behind: (readonly [MailboxId, number])[] = [];
    const now = new Map<MailboxId, number>();
    for (const [id, modSeq, floor] of mailboxes as readonly (readonly [
      MailboxId,
      number,
      number,
    ])[]) {
      now.set(id, modSeq);
      if (floor > told.get(id)!) told.set(id, 0);
      if (modSeq > told.get(id)!) behind.push([id, modSeq]);
    }
    for (const mailboxId of watched)
      if (!now.has(mailboxId)) changes.push({ kind: 'mailbox-removed', mailboxId });
    if (behind.length > 0) changes.push(...(await this.#changesOf(behind, told)));
    this.#told = now;
    for (const [key, { mailboxId, modSeq }] of this.#heard)
      if (modSeq <= (now.get(mailboxId) ?? modSeq)) this.#heard.delete(key);
    if (changes.length > 0) this.#publish(changes);
  }

  async #changesOf(
    behind: readonly (readonly [MailboxId, number])[],
    told: ReadonlyMap<MailboxId, number>,
  ): Promise<readonly Change[]> {
    const folders = await this.#pool.use('hints', (connection) =>
      connection.query(
        LOOK_AT_FOLDERS,
        numberArray(behind.map(([id]) => id)),
        numberArray(behind.map(([id]) => told.get(id)!)),
      ),
    );
    const changes: MailboxChange[] = [];
    for (const [id, number, modSeq] of folders) {
      const at = { mailboxId: id as MailboxId, modSeq: modSeq as ModSeq };
      const folderId = number as FolderId;
      changes.push(
        folderId === 0 ? { kind: 'folders', ...at } : { kind: 'entries', ...at, folderId },
      );
    }
    const missed = changes.filter((change) => !this.#wasHeard(change));
    lost.inc(missed.filter(({ mailboxId }) => told.get(mailboxId) !== 0).length);
    for (const [mailboxId, modSeq] of behind)
      if (told.get(mailboxId) === 0)
        missed.push({ kind: 'folders', mailboxId, modSeq: modSeq as ModSeq });
    return missed;
  }
}

function encode(change: Change): readonly [key: string, text: string] {
  switch (change.kind) {
    case 'entries': {
      const key = `e${change.mailboxId},${change.folderId}`;
      return [key, `${key},${change.modSeq}`];
    }
    case 'folders': {
      const key = `f${change.mailboxId}`;
      return [key, `${key},${change.modSeq}`];
    }
    case 'mailbox-removed':
      return [`r${change.mailboxId}`, `r${change.mailboxId}`];
    default:
      return ['d', 'd'];
  }
}

/** A hint of another node; undefined when it is none this one knows. */
function decode(text: string): Change | undefined {
  const [first, second, third] = text.slice(1).split(',').map(Number);
  const mailboxId = first as MailboxId;
  switch (text[0]) {
    case 'e':
      return {
        kind: 'entries',
        mailboxId,
        folderId: second as FolderId,
        modSeq: third as ModSeq,
      };
    case 'f':
      return { kind: 'folders', mailboxId, modSeq: second as ModSeq };
    case 'r':
      return { kind: 'mailbox-removed', mailboxId };
    case 'd':
      return { kind: 'directory' };
    default:
      return undefined;
  }
}
