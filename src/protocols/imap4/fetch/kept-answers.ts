import type { FolderId, MailboxId, Uid } from '#model';

/** What all that is kept may take: the texts, and about so much for each. */
const BYTES_MAX = 32 * 1024 * 1024;
const OVERHEAD_BYTES = 100;
/** A longer answer costs more to send than to make. */
const CHARS_MAX = 1024;
/** What is asked for in more words than that is not kept. */
const KEY_CHARS_MAX = 1000;
/** Bits that remember what was asked for once, and how many may be set before all are forgotten. */
const ONCE_BITS = 2 ** 20;
const ONCE_MAX = 2 ** 18;

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
  readonly #all = new Map<string, AnswersOfFolder>();
  readonly #once = new Uint32Array(ONCE_BITS / 32);
  #onceCount = 0;
  #bytes = 0;

  /** The answers to one question about a folder's messages. @param key names what is asked for, and how it is written */
  of({ mailbox, folderId, uidValidity }: LastingFolder, key: string): AnswersOfFolder {
    const question = `${mailbox.mailboxId}/${folderId}/${uidValidity}/${key}`;
    const known = this.#all.get(question);
    if (known === undefined) return new AnswersOfFolder(this, question);
    this.#all.delete(question);
    this.#all.set(question, known);
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

  /** Makes room for one more of some answers; false when they would have to make it themselves. */
  makeRoom(answers: AnswersOfFolder, bytes: number): boolean {
    for (const [question, oldest] of this.#all) {
      if (this.#bytes + bytes <= BYTES_MAX) break;
      if (oldest === answers) return false;
      this.forget(question, oldest);
    }
    this.#bytes += bytes;
    this.#all.set(answers.question, answers);
    return true;
  }

  forget(question: string, answers: AnswersOfFolder): void {
    this.#bytes -= answers.forget();
    this.#all.delete(question);
  }
}

/** Answers to one question, by uid. */
export class AnswersOfFolder {
  readonly question: string;
  readonly #owner: KeptAnswers;
  readonly #hash: number;
  #texts = new Map<Uid, string>();
  #bytes = 0;
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

  /** Whether an answer is worth being kept. */
  wants(uid: Uid, chars: number): boolean {
    return (
      chars <= CHARS_MAX &&
      this.question.length <= KEY_CHARS_MAX &&
      this.#owner.wasAsked(Math.imul(this.#hash ^ uid, 0x9e3779b1) >>> 7)
    );
  }

  /** Keeps an answer that `wants` wanted. */
  keep(uid: Uid, text: string): void {
    const bytes = text.length + OVERHEAD_BYTES;
    if (this.#texts.has(uid)) return;
    if (this.#owner.makeRoom(this, bytes)) {
      this.#bytes += bytes;
      // Flat: put together from pieces, it would keep alive what they were cut from.
      this.#texts.set(uid, Buffer.from(text, 'latin1').toString('latin1'));
    } else if (++this.#refused > this.#texts.size) this.#owner.forget(this.question, this);
  }

  /** @returns bytes that were kept */
  forget(): number {
    const bytes = this.#bytes;
    this.#texts = new Map();
    this.#bytes = 0;
    this.#refused = 0;
    return bytes;
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}
