import type { Uid } from '#model';
import type { Entry } from '#store';
import { tellKeywords } from '../refresh.ts';
import { SeqFinder } from '../rows.ts';
import type { Session } from '../session.ts';
import { fetchStart } from '../uid-only.ts';
import type { View } from '../view.ts';
import { UnknownEncoding } from './binary.ts';
import { MessageContent, type Payload, type Stream } from './content.ts';
import { type FetchPlan, renderFlags, renderModSeq } from './plan.ts';

/** Bytes up to which a body is sent within a wire string: one write for many small ones. */
const INLINE_BYTES_MAX = 32 * 1024;
/** What of one message's answer is gathered before it is handed on. */
const GATHERED_CHARS_MAX = 256 * 1024;

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
    if (this.#plan.contentItems.length === 0) this.#writeRows(rows);
    else for (const row of rows) await this.#writeMessage(row, seen.has(row.uid));
    await this.#session.breathe();
  }

  #writeRows(rows: readonly Entry[]): void {
    let wire = '';
    for (const row of rows) {
      const seq = this.#numbers.seqOf(row.uid);
      if (seq !== undefined)
        wire += `${fetchStart(this.#session, seq, row.uid)}${this.#items(row)})\r\n`;
    }
    this.#session.write(wire);
  }

  #items(row: Entry): string {
    const recent = this.#view.isRecent(row.uid);
    let wire = '';
    for (const item of this.#plan.rowItems)
      wire = wire === '' ? item(row, recent) : `${wire} ${item(row, recent)}`;
    return wire;
  }

  async #writeMessage(entry: Entry, changed: boolean): Promise<void> {
    const seq = this.#numbers.seqOf(entry.uid);
    if (seq === undefined) return;
    const items = this.#items(entry);
    const told = changed ? this.#changed(entry) : '';
    const start = `${fetchStart(this.#session, seq, entry.uid)}${items}${items !== '' && told !== '' ? ' ' : ''}${told}`;
    await this.#writeContents(start, items + told, entry);
    if (this.#session.connection.backlogged) await this.#session.connection.drained();
  }

  /** The flags that \Seen changed, if they were not asked for anyway. */
  #changed(entry: Entry): string {
    const recent = this.#view.isRecent(entry.uid);
    const flags = this.#plan.hasFlags ? '' : renderFlags(entry, recent);
    const wantsModSeq = this.#session.condstore && !this.#plan.hasModSeq;
    const modSeq = wantsModSeq ? renderModSeq(entry, recent) : '';
    return `${flags}${flags !== '' && modSeq !== '' ? ' ' : ''}${modSeq}`;
  }

  /** Writes the items that are bytes; nothing at all when the message vanished before its first byte was sent. */
  async #writeContents(start: string, before: string, entry: Entry): Promise<void> {
    const content = new MessageContent(entry, this.#view.mailbox);
    let wire = start;
    let space = before === '' ? '' : ' ';
    for (const { label, value } of this.#plan.contentItems) {
      let found: Payload | number;
      try {
        const pending = value(content);
        found = pending instanceof Promise ? await pending : pending;
      } catch (error) {
        if (!(error instanceof UnknownEncoding)) throw error;
        this.unknownEncoding = true;
        continue;
      }
      wire += `${space}${label} `;
      space = ' ';
      wire =
        typeof found === 'number' ? `${wire}${found}` : await this.#payload(wire, found, label);
      wire = await this.#relieve(wire);
    }
    this.#session.write(`${wire})\r\n`);
  }

  /** Many items of one message may be far more than the message: hands on what is gathered when it has become much. */
  async #relieve(wire: string): Promise<string> {
    const { connection } = this.#session;
    if (wire.length < GATHERED_CHARS_MAX && !connection.backlogged) return wire;
    this.#session.write(wire);
    if (connection.backlogged) await connection.drained();
    return '';
  }

  /** Appends a payload to what is gathered; gives what is gathered now. */
  async #payload(wire: string, payload: Payload, label: string): Promise<string> {
    if (payload === undefined) return `${wire}NIL`;
    if ('pieces' in payload) return this.#stream(wire, payload);
    let sizeBytes = 0;
    for (const piece of payload) sizeBytes += piece.length;
    const literal8 = label.startsWith('BINARY[') && payload.some((piece) => piece.includes(0));
    const gathered = `${wire}${literal8 ? '~' : ''}{${sizeBytes}}\r\n`;
    if (sizeBytes <= INLINE_BYTES_MAX) {
      let inline = gathered;
      for (const piece of payload) inline += piece.toString('latin1');
      return inline;
    }
    this.#session.write(gathered);
    for (const piece of payload) this.#session.write(piece);
    return '';
  }

  async #stream(wire: string, { sizeBytes, binary, pieces }: Stream): Promise<string> {
    const { connection } = this.#session;
    this.#session.write(`${wire}${binary ? '~' : ''}{${sizeBytes}}\r\n`);
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
    return '';
  }
}
