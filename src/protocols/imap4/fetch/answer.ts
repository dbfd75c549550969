import type { Uid } from '#model';
import type { Entry, EntryState } from '#store';
import { tellKeywords } from '../refresh.ts';
import { SeqFinder } from '../rows.ts';
import type { Session } from '../session.ts';
import { fetchStart } from '../uid-only.ts';
import type { View } from '../view.ts';
import { UnknownEncoding } from './binary.ts';
import { MessageContent, type Payload, type Stream } from './content.ts';
import { type FetchPlan, renderFlags, renderModSeq, type StateItem } from './plan.ts';

/** What of one message's answer is gathered before it is handed on. */
const GATHERED_CHARS_MAX = 256 * 1024;

/** What renders the items of a row. */
type Items<Row> = readonly ((row: Row, recent: boolean) => string)[];

/** The value of an item of a message. */
type Found = Payload | number;

const UNKNOWN = Symbol('a value that cannot be had');

/** What of an answer was not sent yet, and what stands before its next item. */
interface Gathered {
  wire: string;
  space: string;
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
  /** A part could not be decoded (RFC 3516 §4.3). */
  unknownEncoding = false;

  constructor(session: Session, view: View, plan: FetchPlan) {
    this.#session = session;
    this.#view = view;
    this.#plan = plan;
    this.#numbers = new SeqFinder(view);
  }

  /**
   * Answers a batch.
   *
   * @param seen messages that this command made \Seen, which their answers tell (RFC 9051 §6.4.5)
   */
  async write(rows: readonly Entry[], seen: ReadonlySet<Uid>): Promise<void> {
    // A message may have got a keyword that the view has not heard of yet.
    if (this.#plan.hasFlags || seen.size > 0) tellKeywords(this.#session, this.#view, rows);
    if (this.#plan.contentItems.length === 0) this.#writeRows(rows, this.#plan.rowItems);
    else await this.#writeMessages(rows, seen);
  }

  /** Answers a batch of a plan for which the flags are enough. */
  writeStates(states: readonly EntryState[], items: readonly StateItem[]): void {
    if (this.#plan.hasFlags) tellKeywords(this.#session, this.#view, states);
    this.#writeRows(states, items);
  }

  #writeRows<Row extends EntryState>(rows: readonly Row[], items: Items<Row>): void {
    let wire = '';
    for (const row of rows) {
      const seq = this.#numbers.seqOf(row.uid);
      if (seq !== undefined)
        wire += `${fetchStart(this.#session, seq, row.uid)}${this.#items(row, items)})\r\n`;
    }
    this.#session.write(wire);
  }

  #items<Row extends EntryState>(row: Row, items: Items<Row>): string {
    const recent = this.#view.isRecent(row.uid);
    if (this.#plan.hasModSeq) this.#view.shown(row.modSeq);
    let wire = '';
    for (const item of items)
      wire = wire === '' ? item(row, recent) : `${wire} ${item(row, recent)}`;
    return wire;
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
    const items = this.#items(entry, this.#plan.rowItems);
    const told = changed ? this.#changed(entry) : '';
    const between = items !== '' && told !== '' ? ' ' : '';
    const wire = `${fetchStart(this.#session, seq, entry.uid)}${items}${between}${told}`;
    const space = items === '' && told === '' ? '' : ' ';
    return this.#writeContents({ wire, space }, new MessageContent(entry, this.#view.mailbox), 0);
  }

  /** The flags that \Seen changed, if they were not asked for anyway. */
  #changed(entry: Entry): string {
    const recent = this.#view.isRecent(entry.uid);
    const flags = this.#plan.hasFlags ? '' : renderFlags(entry, recent);
    const wantsModSeq = this.#session.condstore && !this.#plan.hasModSeq;
    const modSeq = wantsModSeq ? renderModSeq(entry, recent) : '';
    if (wantsModSeq) this.#view.shown(entry.modSeq);
    return `${flags}${flags !== '' && modSeq !== '' ? ' ' : ''}${modSeq}`;
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
        this.#passOver(error);
      }
      if (gathered.wire.length >= GATHERED_CHARS_MAX || connection.backlogged)
        return this.#relieve(gathered, content, index + 1);
    }
    this.#session.write(`${gathered.wire})\r\n`);
    return undefined;
  }

  /** Many items of one message may be far more than the message: hands on what is gathered, and writes those from an index on. */
  async #relieve(gathered: Gathered, content: MessageContent, from: number): Promise<void> {
    const { connection } = this.#session;
    this.#session.write(gathered.wire);
    gathered.wire = '';
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
      this.#passOver(error);
      found = UNKNOWN;
    }
    if (isStream(found)) await this.#stream(gathered, label, found);
    else if (found !== UNKNOWN) this.#gather(gathered, label, found);
    await this.#writeContents(gathered, content, index + 1);
  }

  /** A part that cannot be decoded has no answer. */
  #passOver(error: unknown): void {
    if (!(error instanceof UnknownEncoding)) throw error;
    this.unknownEncoding = true;
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
