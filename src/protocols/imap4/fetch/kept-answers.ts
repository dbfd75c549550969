import type { Clock } from '#kernel';
import type { FolderId, MailboxId, Uid } from '#model';

/** What all that is kept may take, and the answers to one question: the texts, and about so much for each. */
const BYTES_MAX = 64 * 1024 * 1024;
const QUESTION_BYTES_MAX = BYTES_MAX / 2;
const OVERHEAD_BYTES = 100;
/** A longer answer costs more to send than to make. */
const CHARS_MAX = 1024;
/** What is asked for in more words than that is not kept. */
const KEY_CHARS_MAX = 1000;
/** What was asked for since then makes no room for something else. */
const REST_MS = 60_000;
/** Bits that remember what was asked for once, and how many may be set before all are forgotten. */
const ONCE_BITS = 2 ** 21;
const ONCE_MAX = 2 ** 19;

/** A folder as it never comes again. */
interface LastingFolder {
  readonly mailbox: { readonly mailboxId: MailboxId };
  readonly folderId: FolderId;
  readonly uidValidity: number;
}

/**
 * What of FETCH answers never changes, as it is written: envelope, structure, dates, header fields. A uid means the same message for ever,
 * and a message never changes, so that it need not be looked at again. Kept is what is small and asked for a second time. When it takes too
 * much, what was not asked for longest is forgotten: all of a folder's answers to the same question together.
 */
export class KeptAnswers {
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #all = new Map<string, AnswersOfFolder>();
  readonly #once = new Uint32Array(ONCE_BITS / 32);
  #onceCount = 0;
  #bytes = 0;

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** The answers to one question about a folder's messages. @param key names what is asked for, and how it is written */
  of({ mailbox, folderId, uidValidity }: LastingFolder, key: string): AnswersOfFolder {
    const question = `${mailbox.mailboxId}/${folderId}/${uidValidity}/${key}`;
    const known = this.#all.get(question);
    if (known === undefined) return new AnswersOfFolder(this, question);
    this.#all.delete(question);
    this.#all.set(question, known);
    known.askedMs = this.#clock.elapsed();
    return known;
  }

  /** Notes that something was asked for; whether it was before, or something that has the same hash. */
  wasAsked(hash: number): boolean {
    const word = (hash >>> 5) & (this.#once.length - 1);
    const bit = 1 << (hash & 31);
    if ((this.#once[word]! & bit) !== 0) return true;
    if (++this.#onceCount > ONCE_MAX) {
      this.#once.fill(0);
      this.#onceCount = 1;
    }
    this.#once[word]! |= bit;
    return false;
  }

  /** Makes room for one more of some answers; false when there is none for them. */
  makeRoom(answers: AnswersOfFolder, bytes: number): boolean {
    const nowMs = this.#clock.elapsed();
    for (const oldest of this.#all.values()) {
      if (this.#bytes + bytes <= BYTES_MAX) break;
      if (oldest === answers || nowMs - oldest.askedMs < REST_MS) return false;
      this.forget(oldest);
    }
    this.#bytes += bytes;
    this.#all.set(answers.question, answers);
    answers.askedMs = nowMs;
    return true;
  }

  forget(answers: AnswersOfFolder): void {
    this.#bytes -= answers.forget();
    this.#all.delete(answers.question);
  }
}

/** Answers to one question, by uid. */
export class AnswersOfFolder {
  readonly question: string;
  askedMs = 0;
  readonly #owner: KeptAnswers;
  readonly #hash: number;
  #texts = new Map<Uid, string>();
  #bytes = 0;
  #given = 0;
  #refused = 0;

  constructor(owner: KeptAnswers, question: string) {
    this.#owner = owner;
    this.question = question;
    this.#hash = hashOf(question);
  }

  /** What is kept now. What is forgotten later stays in it. */
  get texts(): ReadonlyMap<Uid, string> {
    return this.#texts;
  }

  /** Notes that so many answers were given from what is kept. */
  gave(count: number): void {
    this.#given += count;
  }

  /** Whether an answer is worth being kept, and has room; then it must be kept. */
  wants(uid: Uid, chars: number): boolean {
    if (chars > CHARS_MAX || this.question.length > KEY_CHARS_MAX) return false;
    if (!this.#owner.wasAsked(Math.imul(this.#hash ^ uid, 0x9e3779b1) >>> 7)) return false;
    if (this.#texts.has(uid)) return false;
    const bytes = chars + OVERHEAD_BYTES;
    if (this.#bytes + bytes > QUESTION_BYTES_MAX || !this.#owner.makeRoom(this, bytes)) {
      this.#refuse();
      return false;
    }
    this.#bytes += bytes;
    return true;
  }

  keep(uid: Uid, text: string): void {
    // Flat: put together from pieces, it would keep alive what they were cut from.
    this.#texts.set(uid, Buffer.from(text, 'latin1').toString('latin1'));
  }

  /** What is hardly asked for any more, of messages that are gone for instance, gives way to what is. */
  #refuse(): void {
    this.#refused++;
    if (this.#refused <= this.#texts.size) return;
    if (this.#given * 8 < this.#refused) this.#owner.forget(this);
    this.#refused = 0;
    this.#given = 0;
  }

  /** @returns bytes that were kept */
  forget(): number {
    const bytes = this.#bytes;
    this.#texts = new Map();
    this.#bytes = 0;
    return bytes;
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}
