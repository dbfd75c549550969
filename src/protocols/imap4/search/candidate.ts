import { isAscii } from 'node:buffer';
import { decodeHeader, foldForSearch, readHeader, searchableHeader } from '#content';
import type { SeqNum, Uid } from '#model';
import type { Entry } from '#store';
import type { TextNeedle } from './text-keys.ts';

/**
 * How much of a message has been read when a condition is asked about it. Each stage costs about ten times as much as
 * the one before it.
 */
export const Stage = {
  /** Its place in the view: uid, sequence number, \Recent. Nothing is read. */
  Place: 0,
  /** Flags, mod-sequence, dates and size: the folder's own rows. */
  State: 1,
  /** What is kept beside the content: subject and sending time. */
  Index: 2,
  /** The header. */
  Head: 3,
  /** All text of the message. */
  Body: 4,
} as const;
export type Stage = (typeof Stage)[keyof typeof Stage];

/** What a condition says of a message: undefined while it depends on what has not been read. */
export type Verdict = boolean | undefined;

/** A message that may match, with what has been read of it so far. */
export class Candidate {
  readonly seq: SeqNum;
  readonly uid: Uid;
  stage: Stage = Stage.Place;
  /** What was read last; from the State stage on. */
  entry: Entry | undefined;
  /** Texts that were found in it; made for the first of them. */
  #texts: Set<TextNeedle> | undefined;
  #hash: Buffer | undefined;
  #head: Uint8Array | undefined;
  #headText: string | undefined;
  /** The header folded where that is all there is to decoding it; null where it is not; undefined: not looked at. */
  #plainHead: string | null | undefined;

  constructor(seq: SeqNum, uid: Uid) {
    this.seq = seq;
    this.uid = uid;
  }

  /** Takes what was read. A header or hash read earlier stays known. The text is not known before it has been gone through. */
  learn(entry: Entry, stage: Stage): void {
    this.entry = entry;
    if (stage < Stage.Body) this.stage = stage;
    if (entry.hash !== undefined) this.#hash = entry.hash;
    if (entry.head !== undefined) this.#head = entry.head;
  }

  /** The text has been gone through, or as much of it as settles the matter. */
  textIsSeen(): void {
    this.stage = Stage.Body;
  }

  /** The hash of the content; undefined before the Index stage, and in a search that does not mention EMAILID. */
  get hash(): Buffer | undefined {
    return this.#hash;
  }

  /** The header; undefined before the Head stage. */
  get head(): Uint8Array | undefined {
    return this.#head;
  }

  /** The decoded header, folded for comparison; undefined before the Head stage. */
  get headText(): string | undefined {
    if (this.#head !== undefined) this.#headText ??= foldForSearch(searchableHeader(this.#head));
    return this.#headText;
  }

  /** Decoded values of all fields of that name, folded for comparison; undefined before the Head stage. */
  fields(name: string): readonly string[] | undefined {
    if (this.#head === undefined) return undefined;
    return readHeader(this.#head, name).map((value) => foldForSearch(decodeHeader(value)));
  }

  /**
   * A quick look before `fields`: false when no field can contain the word, which is folded and without blanks. Most headers
   * are ASCII without encoded words: there a word stands in the raw bytes as it does in the decoded field.
   */
  mayHaveWord(word: string): boolean {
    if (this.#head === undefined) return true;
    if (this.#plainHead === undefined) this.#plainHead = plainHead(this.#head);
    return this.#plainHead?.includes(word) ?? true;
  }

  hasText(needle: TextNeedle): boolean {
    return this.#texts?.has(needle) === true;
  }

  foundText(needle: TextNeedle): void {
    this.#texts ??= new Set();
    this.#texts.add(needle);
  }
}

function plainHead(head: Uint8Array): string | null {
  if (!isAscii(head)) return null;
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');
  return text.includes('=?') ? null : foldForSearch(text);
}
