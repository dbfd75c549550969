import type { SeqNum, Uid } from '#model';
import type { Entry, EntryState } from '#store';
import { WireBuffer } from '#wire';
import { tellKeywords } from '../refresh.ts';
import { SeqFinder } from '../rows.ts';
import type { Session } from '../session.ts';
import { putFetchStart } from '../uid-only.ts';
import type { View } from '../view.ts';
import { UnknownEncoding } from './binary.ts';
import { MessageContent, type Payload, type Stream } from './content.ts';
import type { AnswersOfFolder } from './kept-answers.ts';
import { type FetchPlan, putFlags, putModSeq, type StateItem } from './plan.ts';

/** Where answers are put together: one after the other, each without a pause. */
const buffer = new WireBuffer(64 * 1024);

/** What of one message's answer is gathered before it is handed on. */
const GATHERED_CHARS_MAX = 256 * 1024;

/** The value of an item of a message. */
type Found = Payload | number;

const UNKNOWN = Symbol('a value that cannot be had');

/** What of an answer was not sent yet. */
interface Gathered {
  wire: string;
  /** What stands before its next item. */
  space: string;
  /** Where in it that begins which never changes; undefined when that is not all of it. */
  fixedFrom: number | undefined;
}

function isStream(found: Found | typeof UNKNOWN): found is Stream {
  return typeof found === 'object' && 'pieces' in found;
}

/** Writes the FETCH responses of one command. */
export class FetchAnswer {
  readonly #session: Session;
  readonly #view: View;
  readonly #plan: FetchPlan;
  readonly #numbers: SeqFinder;
  /** What is told of messages that this command made \Seen: their flags too, whether they were asked for or not (RFC 9051 §6.4.5). */
  readonly #changedItems: readonly StateItem[];
  /** What of the answers never changes, where it is kept. */
  readonly kept: AnswersOfFolder;
  /** A part could not be decoded (RFC 3516 §4.3). */
  unknownEncoding = false;

  constructor(session: Session, view: View, plan: FetchPlan) {
    this.#session = session;
    this.#view = view;
    this.#plan = plan;
    this.#numbers = new SeqFinder(view);
    this.#changedItems = [
      ...plan.stateItems,
      ...(plan.hasFlags ? [] : [putFlags]),
      ...(session.condstore && !plan.hasModSeq ? [putModSeq] : []),
    ];
    this.kept = session.server.keptAnswers.of(view, plan.fixedKey);
  }

  /**
   * Answers a batch.
   *
   * @param seen messages that this command made \Seen, which their answers tell (RFC 9051 §6.4.5)
   */
  async write(rows: readonly Entry[], seen: ReadonlySet<Uid>): Promise<void> {
    // A message may have got a keyword that the view has not heard of yet.
    if (this.#plan.hasFlags || seen.size > 0) tellKeywords(this.#session, this.#view, rows);
    if (this.#plan.contentItems.length === 0)
      this.#writeAll(rows, (entry) => this.#fixedAndKept(entry));
    else await this.#writeMessages(rows, seen);
  }

  /**
   * Answers a batch by the flags alone.
   *
   * @param fixed what else is asked for, of each message that is to be answered for; undefined when it is nothing
   */
  writeStates(states: readonly EntryState[], fixed?: ReadonlyMap<Uid, string>): void {
    if (this.#plan.hasFlags) tellKeywords(this.#session, this.#view, states);
    if (fixed !== undefined) this.kept.gave(states.length);
    this.#writeAll(states, fixed && (({ uid }) => fixed.get(uid)));
  }

  /** Writes answers in one piece. @param fixedOf what never changes of each; without it, there is none */
  #writeAll<Row extends EntryState>(
    rows: readonly Row[],
    fixedOf: ((row: Row) => string | undefined) | undefined,
  ): void {
    this.#session.write(buffer.gather(() => this.#putAll(rows, fixedOf)));
  }

  #putAll<Row extends EntryState>(
    rows: readonly Row[],
    fixedOf: ((row: Row) => string | undefined) | undefined,
  ): void {
    const hasState = this.#plan.stateItems.length > 0;
    for (const row of rows) {
      const seq = this.#numbers.seqOf(row.uid);
      const fixed = fixedOf === undefined ? '' : fixedOf(row);
      if (seq === undefined || fixed === undefined) continue;
      this.#putStart(row, seq, false);
      if (hasState && fixed !== '') buffer.put(' ');
      buffer.put(fixed);
      buffer.put(')\r\n');
    }
  }

  /** What the row tells beside the flags. */
  #fixed(entry: Entry): string {
    let wire = '';
    for (const item of this.#plan.fixedItems)
      wire = wire === '' ? item(entry) : `${wire} ${item(entry)}`;
    return wire;
  }

  #fixedAndKept(entry: Entry): string {
    const fixed = this.#fixed(entry);
    if (this.kept.wants(entry.uid, fixed.length)) this.kept.keep(entry.uid, fixed);
    return fixed;
  }

  /** Writes an answer up to what the row tells of the flags. @param changed by this command */
  #putStart(row: EntryState, seq: SeqNum, changed: boolean): void {
    const items = changed ? this.#changedItems : this.#plan.stateItems;
    const recent = this.#view.isRecent(row.uid);
    if (changed ? this.#session.condstore : this.#plan.hasModSeq) this.#view.shown(row.modSeq);
    putFetchStart(buffer, this.#session.uidOnly, seq, row.uid);
    for (let index = 0; index < items.length; index++) {
      if (index > 0) buffer.put(' ');
      items[index]!(buffer, row, recent);
    }
  }

  async #writeMessages(rows: readonly Entry[], seen: ReadonlySet<Uid>): Promise<void> {
    const { connection } = this.#session;
    for (const row of rows) {
      // Mostly all bytes are at hand: a promise for each message would cost more than the message.
      const reading = this.#writeMessage(row, seen.has(row.uid));
      if (reading !== undefined) await reading;
      if (connection.backlogged) await connection.drained();
    }
  }

  /** Writes the answer for a message. A promise: bytes of it must be read first. */
  #writeMessage(entry: Entry, changed: boolean): Promise<void> | undefined {
    const seq = this.#numbers.seqOf(entry.uid);
    if (seq === undefined) return undefined;
    const before = buffer.gather(() => this.#putStart(entry, seq, changed));
    const { length } = changed ? this.#changedItems : this.#plan.stateItems;
    const space = length === 0 ? '' : ' ';
    const fixed = this.#fixed(entry);
    const gathered = {
      wire: fixed === '' ? before : `${before}${space}${fixed}`,
      space: fixed === '' ? space : ' ',
      fixedFrom: before.length + space.length,
    };
    return this.#writeContents(gathered, new MessageContent(entry, this.#view.mailbox), 0);
  }

  /** Writes the items that are bytes from an index on; nothing at all when the message vanished before its first byte was sent. */
  #writeContents(
    gathered: Gathered,
    content: MessageContent,
    from: number,
  ): Promise<void> | undefined {
    const { contentItems } = this.#plan;
    const { connection } = this.#session;
    for (let index = from; index < contentItems.length; index++) {
      const { label, value } = contentItems[index]!;
      try {
        const found = value(content);
        if (found instanceof Promise || isStream(found))
          return this.#writeRead(gathered, content, index, found);
        this.#gather(gathered, label, found);
      } catch (error) {
        this.#passOver(gathered, error);
      }
      if (gathered.wire.length >= GATHERED_CHARS_MAX || connection.backlogged)
        return this.#relieve(gathered, content, index + 1);
    }
    this.#end(gathered, content.entry.uid);
    return undefined;
  }

  #end({ wire, fixedFrom }: Gathered, uid: Uid): void {
    if (fixedFrom !== undefined && this.kept.wants(uid, wire.length - fixedFrom))
      this.kept.keep(uid, wire.slice(fixedFrom));
    this.#session.write(`${wire})\r\n`);
  }

  /** Many items of one message may be far more than the message: hands on what is gathered, and writes those from an index on. */
  async #relieve(gathered: Gathered, content: MessageContent, from: number): Promise<void> {
    const { connection } = this.#session;
    this.#session.write(gathered.wire);
    gathered.wire = '';
    gathered.fixedFrom = undefined;
    if (connection.backlogged) await connection.drained();
    await this.#writeContents(gathered, content, from);
  }

  /** Writes an item that must be read, and those behind it. */
  async #writeRead(
    gathered: Gathered,
    content: MessageContent,
    index: number,
    reading: Found | Promise<Found>,
  ): Promise<void> {
    const { label } = this.#plan.contentItems[index]!;
    let found: Found | typeof UNKNOWN;
    try {
      found = await reading;
    } catch (error) {
      this.#passOver(gathered, error);
      found = UNKNOWN;
    }
    if (isStream(found)) await this.#stream(gathered, label, found);
    else if (found !== UNKNOWN) this.#gather(gathered, label, found);
    await this.#writeContents(gathered, content, index + 1);
  }

  /** A part that cannot be decoded has no answer; the completion tells of it. */
  #passOver(gathered: Gathered, error: unknown): void {
    if (!(error instanceof UnknownEncoding)) throw error;
    this.unknownEncoding = true;
    gathered.fixedFrom = undefined;
  }

  /** Adds a value that is at hand to what is gathered, with its name. */
  #gather(gathered: Gathered, label: string, found: Exclude<Found, Stream>): void {
    const before = `${gathered.wire}${gathered.space}${label} `;
    gathered.space = ' ';
    if (found === undefined || typeof found === 'number') {
      gathered.wire = `${before}${found ?? 'NIL'}`;
      return;
    }
    const literal8 = label.startsWith('BINARY[') && found.includes('\0');
    gathered.wire = `${before}${literal8 ? '~' : ''}{${found.length}}\r\n${found}`;
  }

  async #stream(
    gathered: Gathered,
    label: string,
    { sizeBytes, binary, pieces }: Stream,
  ): Promise<void> {
    const { connection } = this.#session;
    const before = `${gathered.wire}${gathered.space}${label} `;
    this.#session.write(`${before}${binary ? '~' : ''}{${sizeBytes}}\r\n`);
    gathered.wire = '';
    gathered.space = ' ';
    gathered.fixedFrom = undefined;
    try {
      for await (const piece of pieces) {
        this.#session.write(piece);
        if (connection.backlogged) await connection.drained();
        if (connection.closed) break;
      }
    } catch (error) {
      // The size is announced already: what comes next would be taken for the message.
      connection.destroy();
      throw error;
    }
  }
}
