import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Response, ResponseReader, type Untagged } from '../../../src/wire/imap/index.ts';
import { Ledger } from './ledger.ts';

/** An answer that takes longer will not come. */
const ANSWER_MS = 8000;

type Tagged = Extract<Response, { kind: 'tagged' }>;
/** How a command goes on: it is over, the server waits for more, or the connection has ended. */
export type Answer = Tagged | 'bad' | 'continue' | 'closed';

const NUMBERED = /^\S+ (?:FETCH|STORE|SEARCH|SORT|THREAD) /i;
const LEAVES = /^\S+ (?:CLOSE|UNSELECT|LOGOUT|UNAUTHENTICATE)\b/i;
const INBOX = /^\S+ (?:SELECT|EXAMINE) "?INBOX"?(?: \(|$)/i;
const SELECTS = /^\S+ (?:SELECT|EXAMINE) /i;

/** A client that keeps to the protocol: one command at a time, and it notes what it is told. */
export class Player {
  readonly #stream: Duplex;
  #reader = new ResponseReader({ utf8Names: false });
  /** Whether names are UTF-8, by the commands that are done; and whether the reader knows that. */
  #utf8 = { now: false, read: false };
  readonly #responses: Response[] = [];
  #closed = false;
  #wake: (() => void) | undefined;
  /** The line of the command that is under way. */
  #line = '';
  /** The selected mailbox. */
  #ledger: Ledger | undefined;
  /** That of the mailbox that is being selected. */
  #coming: Ledger | undefined;
  /** By NOTIFY it wants to be told at any time which messages are gone (RFC 5465 §5.3). */
  #asksAlways = false;
  /** Whether the selected mailbox is INBOX. */
  inInbox = false;
  /** The FETCH responses of the last command. */
  readonly fetched: Extract<Untagged, { type: 'FETCH' }>[] = [];

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk);
      for (let next = this.#reader.next(); next !== undefined; next = this.#reader.next())
        this.#responses.push(next);
      this.#wake?.();
    });
    const end = (): void => {
      this.#closed = true;
      this.#wake?.();
    };
    stream.on('end', end);
    stream.on('close', end);
    stream.on('error', end);
  }

  get closed(): boolean {
    return this.#closed && this.#responses.length === 0;
  }

  /** Messages of the selected mailbox, as far as was told; undefined when none is selected. */
  get count(): number | undefined {
    return this.#ledger?.count;
  }

  /** Takes the greeting. */
  async greeting(): Promise<void> {
    const first = await this.#next();
    assert.ok(first?.kind === 'untagged' && first.data.type === 'STATUS-RESPONSE');
  }

  /** Begins a command with its first line; `write` goes on with it. */
  begin(line: Buffer): void {
    // The server forgives more spaces than one.
    this.#line = line.toString('latin1').trimEnd().replace(/ +/g, ' ');
    this.fetched.length = 0;
    if (SELECTS.test(this.#line)) this.#coming = new Ledger();
    this.write(line);
  }

  write(bytes: Buffer): void {
    if (!this.#closed && bytes.length > 0) this.#stream.write(bytes);
  }

  /** Waits for how the command goes on. */
  async answer(): Promise<Answer> {
    for (;;) {
      const response = await this.#next();
      if (response === undefined) return 'closed';
      switch (response.kind) {
        case 'continue':
          return 'continue';
        case 'invalid':
          assert.fail(`not a response: ${response.text} in ${response.bytes.toString('latin1')}`);
          break;
        case 'tagged':
          this.#complete(response);
          return response;
        case 'untagged':
          if (this.#take(response.data)) return 'bad';
      }
    }
  }

  /** Ends the connection and waits until the server has. */
  async leave(): Promise<void> {
    this.#stream.end();
    while ((await this.#next()) !== undefined);
  }

  /** @returns whether that ends a command without a usable tag */
  #take(data: Untagged): boolean {
    if (data.type === 'STATUS-RESPONSE') {
      assert.notEqual(data.code, 'SERVERBUG');
      if (data.condition === 'BAD') this.#coming = undefined;
      return data.condition === 'BAD';
    }
    if (data.type === 'ENABLED')
      this.#utf8.now ||= data.capabilities.some((name) => /^(IMAP4rev2|UTF8=ACCEPT)$/i.test(name));
    if (data.type === 'FETCH') this.fetched.push(data);
    const ledger = this.#coming ?? this.#ledger;
    const isAboutSelected = /^(EXISTS|EXPUNGE|FETCH)$/.test(data.type);
    assert.ok(ledger !== undefined || !isAboutSelected, `${data.type} with nothing selected`);
    ledger?.take(data, this.#asksAlways || !NUMBERED.test(this.#line));
    return false;
  }

  #complete(response: Tagged): void {
    assert.notEqual(response.code, 'SERVERBUG', response.text);
    const tag = /^[^ ]*/.exec(this.#line)![0];
    assert.equal(response.tag, tag, 'the answer has the tag of the command');
    // BAD: it was not done.
    if (this.#coming !== undefined && response.condition !== 'BAD')
      this.#ledger = response.condition === 'OK' ? this.#coming : undefined;
    if (response.condition === 'OK' && this.#coming !== undefined)
      this.inInbox = INBOX.test(this.#line);
    this.#coming = undefined;
    if (response.condition !== 'OK') return;
    if (/^\S+ NOTIFY /i.test(this.#line)) this.#asksAlways = true;
    if (LEAVES.test(this.#line)) this.#ledger = undefined;
    if (/^\S+ UNAUTHENTICATE\b/i.test(this.#line)) this.#utf8.now = false;
    if (this.#utf8.now === this.#utf8.read) return;
    assert.equal(this.#reader.bufferedBytes, 0, 'nothing comes behind the answer');
    this.#utf8.read = this.#utf8.now;
    this.#reader = new ResponseReader({ utf8Names: this.#utf8.now });
  }

  async #next(): Promise<Response | undefined> {
    const giveUp = new AbortController();
    const late = sleep(ANSWER_MS, 'late' as const, { signal: giveUp.signal }).catch(
      () => undefined,
    );
    try {
      while (this.#responses.length === 0 && !this.#closed) {
        const { promise, resolve } = Promise.withResolvers<undefined>();
        this.#wake = () => resolve(undefined);
        if ((await Promise.race([promise, late])) === 'late')
          assert.fail(`no answer to ${JSON.stringify(this.#line)}`);
      }
      return this.#responses.shift();
    } finally {
      giveUp.abort();
    }
  }
}
