// A client for tests of several sessions; no tests of its own.
import assert from 'node:assert/strict';
import type { ImapClient, ImapCompletion } from '../../../test/clients/imap.ts';
import type { Untagged } from '../../wire/imap/index.ts';
import type { Stand } from './stand.test.ts';

/** What a client asked for; it decides how it is told. */
export type Kind = 'rev1' | 'condstore' | 'qresync' | 'uidonly';

const ENABLES: Readonly<Record<Kind, readonly string[]>> = {
  rev1: [],
  condstore: ['ENABLE CONDSTORE'],
  qresync: ['ENABLE QRESYNC IMAP4rev2'],
  uidonly: ['ENABLE UIDONLY CONDSTORE'],
};

/** In answer to these no message may lose its number (RFC 9051 §7.5.1, RFC 5256 §3, RFC 7162 §3.2.10). */
const KEEPS_NUMBERS = /^(FETCH|STORE|SEARCH|SORT|THREAD)\b/;

/** A client that keeps its picture of INBOX by what it hears, as real ones do, and finds fault with what cannot be. */
export class Follower {
  readonly client: ImapClient;
  readonly kind: Kind;
  /** Uids by message number; undefined while it has not asked. */
  uids: (number | undefined)[] = [];
  readonly flags = new Map<number, string>();
  readonly modSeqs = new Map<number, number>();
  #keywords = new Set<string>();
  #uidValidity = 0;
  /** Up to which change it takes itself to know INBOX, by the rules of RFC 7162 §6. */
  #highestModSeq = 0;
  #highestFetched = 0;

  private constructor(client: ImapClient, kind: Kind) {
    this.client = client;
    this.kind = kind;
  }

  /** Logs in, enables what its kind needs, and selects INBOX. */
  static async open({ open }: Stand, kind: Kind): Promise<Follower> {
    const follower = new Follower(await open(...ENABLES[kind]), kind);
    await follower.select();
    return follower;
  }

  /** Whether it may use message numbers. */
  get numbered(): boolean {
    return this.kind !== 'uidonly';
  }

  get hearsModSeqs(): boolean {
    return this.kind !== 'rev1';
  }

  /** Sends a command and takes in what is told until it ends. */
  async say(command: string, ...pieces: readonly (string | Buffer)[]): Promise<ImapCompletion> {
    const completion = await this.client.command(command, ...pieces);
    this.hear(completion.untagged, KEEPS_NUMBERS.test(command));
    this.#completed(completion);
    return completion;
  }

  /** The same, for a command that succeeds whatever others do. */
  async ok(command: string): Promise<ImapCompletion> {
    const completion = await this.say(command);
    assert.equal(completion.status, 'OK', `${command}: ${completion.text}`);
    return completion;
  }

  /** Waits in IDLE for nothing in particular. */
  async idle(): Promise<void> {
    const idle = await this.client.idle();
    const completion = await idle.done();
    this.hear(completion.untagged);
    this.#completed(completion);
  }

  async select(): Promise<void> {
    this.uids = [];
    this.flags.clear();
    this.modSeqs.clear();
    await this.ok('SELECT INBOX');
    await this.learn();
  }

  /** Leaves INBOX and comes back with what it remembers; with QRESYNC it is told only what changed (RFC 7162 §3.2.5). */
  async comeBack(): Promise<void> {
    await this.ok('UNSELECT');
    if (this.kind !== 'qresync') return this.select();
    // Behind a message whose uid it never asked for it could not say which place is whose.
    const unknown = this.uids.indexOf(undefined);
    const known = new Set(unknown < 0 ? this.uids : this.uids.slice(0, unknown));
    const parameters = `${this.#uidValidity} ${this.#highestModSeq}`;
    const completion = await this.client.ok(`SELECT INBOX (QRESYNC (${parameters}))`);
    const { untagged } = completion;
    for (const data of untagged)
      if (data.type === 'VANISHED')
        for (const { first, last } of data.uids)
          for (let uid = first as number; uid <= last; uid++) known.delete(uid);
    // What is left keeps its order, and whatever is new stands behind it: a wrong place shows with the next FETCH.
    this.uids = [...known];
    this.hear(untagged.filter(({ type }) => type !== 'VANISHED'));
    this.#completed(completion);
    await this.learn();
  }

  /** Asks for the uids that it does not know. */
  async learn(): Promise<void> {
    if (!this.uids.includes(undefined)) return;
    await this.ok(`UID FETCH 1:* ${this.hearsModSeqs ? '(FLAGS MODSEQ)' : '(FLAGS)'}`);
  }

  hear(untagged: readonly Untagged[], keepsNumbers = false): void {
    for (const data of untagged) {
      if (keepsNumbers)
        assert.ok(!isExpunge(data), `${data.type} while numbers must stay what they are`);
      this.#hearOne(data);
    }
  }

  #hearOne(data: Untagged): void {
    if (data.type === 'EXISTS') {
      assert.ok(data.count >= this.uids.length, 'EXISTS never shrinks');
      while (this.uids.length < data.count) this.uids.push(undefined);
    } else if (data.type === 'RECENT') {
      assert.ok(data.count <= this.uids.length, 'no more are \\Recent than there are');
      assert.notEqual(this.kind, 'qresync', 'IMAP4rev2 has no RECENT');
    } else if (data.type === 'EXPUNGE') {
      assert.ok(this.kind === 'rev1' || this.kind === 'condstore', 'others hear VANISHED');
      assert.ok(data.seq <= this.uids.length, 'EXPUNGE names a message that is there');
      this.uids.splice(data.seq - 1, 1);
    } else if (data.type === 'VANISHED' && !data.earlier) {
      for (const { first, last } of data.uids)
        for (let uid = first as number; uid <= last; uid++) this.#vanished(uid);
    } else if (data.type === 'FLAGS') this.#keywords = new Set(data.flags.map(folded));
    else if (data.type === 'FETCH') this.#fetched(data.seq, data.items);
    else if (data.type === 'OTHER' && data.name === 'UIDFETCH') this.#fetchedByUid(data);
  }

  /** A message whose uid it never asked for may vanish too: it stood behind all that have a lower one. */
  #vanished(uid: number): void {
    const known = this.uids.indexOf(uid);
    const below = this.uids.findLastIndex((other) => other !== undefined && other < uid);
    const index = known >= 0 ? known : this.uids.indexOf(undefined, below + 1);
    assert.ok(index >= 0, `VANISHED ${uid} names a message that is there`);
    this.uids.splice(index, 1);
  }

  #fetched(seq: number, items: ReadonlyMap<string, unknown>): void {
    assert.ok(this.numbered, 'UIDONLY knows no numbers');
    assert.ok(seq <= this.uids.length, 'FETCH names a message that is there');
    const named = items.get('UID') as number | undefined;
    const known = this.uids[seq - 1];
    if (named !== undefined && known !== undefined) assert.equal(named, known);
    if (named !== undefined) this.uids[seq - 1] = named;
    this.#learnFlags(named ?? known, items);
  }

  #fetchedByUid({ number, values }: Extract<Untagged, { type: 'OTHER' }>): void {
    assert.ok(!this.numbered, 'UIDFETCH is for UIDONLY');
    const uid = number!;
    const [list] = values as readonly [readonly unknown[]];
    const items = new Map<string, unknown>();
    for (let at = 0; at < list.length; at += 2) items.set(String(list[at]), list[at + 1]);
    const modSeq = items.get('MODSEQ') as readonly unknown[] | undefined;
    if (modSeq !== undefined) items.set('MODSEQ', modSeq[0]);
    if (!this.uids.includes(uid)) {
      const place = this.uids.indexOf(undefined);
      assert.ok(place >= 0, `UIDFETCH ${uid} names a message that is there`);
      this.uids.splice(place, 1);
      const above = this.uids.findIndex((other) => other === undefined || other > uid);
      this.uids.splice(above < 0 ? this.uids.length : above, 0, uid);
    }
    this.#learnFlags(uid, items);
  }

  #learnFlags(uid: number | undefined, items: ReadonlyMap<string, unknown>): void {
    const flags = items.get('FLAGS') as readonly string[] | undefined;
    for (const flag of flags ?? [])
      if (!flag.startsWith('\\'))
        assert.ok(this.#keywords.has(folded(flag)), `${flag} was in FLAGS before a message had it`);
    if (uid === undefined) return;
    if (flags !== undefined) this.flags.set(uid, flagText(flags));
    const told = items.get('MODSEQ');
    if (told === undefined) return;
    const modSeq = Number(told);
    assert.ok(modSeq >= (this.modSeqs.get(uid) ?? 0), 'a mod-sequence never falls');
    this.modSeqs.set(uid, modSeq);
    this.#highestFetched = Math.max(this.#highestFetched, modSeq);
  }

  /** A tagged response: HIGHESTMODSEQ counts, whatever else was seen; without it the highest mod-sequence fetched does. */
  #completed({ untagged, codeText }: ImapCompletion): void {
    let told: number | undefined;
    const codes = untagged.map((data) => (data.type === 'STATUS-RESPONSE' ? data.codeText : ''));
    for (const text of [...codes, codeText]) {
      const [code, number] = (text ?? '').split(' ');
      if (code === 'UIDVALIDITY') this.#uidValidity = Number(number);
      if (code === 'HIGHESTMODSEQ') told = Number(number);
    }
    this.#highestModSeq = told ?? Math.max(this.#highestModSeq, this.#highestFetched);
    this.#highestFetched = 0;
  }
}

function isExpunge(data: Untagged): boolean {
  return data.type === 'EXPUNGE' || (data.type === 'VANISHED' && !data.earlier);
}

function folded(text: string): string {
  return text.toLowerCase();
}

/** Flags in one order, without \Recent, which each session has for itself. */
export function flagText(flags: readonly string[]): string {
  return flags
    .filter((flag) => flag !== '\\Recent')
    .sort()
    .join(' ');
}

/** Asserts that all followers end with what a new session finds. */
export async function checkAgreement(
  { open }: Stand,
  followers: readonly Follower[],
): Promise<void> {
  for (const follower of followers) {
    await follower.ok('NOOP');
    await follower.learn();
  }
  const witness = await open('EXAMINE INBOX');
  const uids: number[] = [];
  for (const { items } of await witness.fetch('1:*', '(UID FLAGS MODSEQ)', true)) {
    const uid = items.get('UID') as number;
    uids.push(uid);
    const flags = flagText(items.get('FLAGS') as readonly string[]);
    for (const { kind, ...known } of followers) {
      if (known.flags.has(uid))
        assert.equal(known.flags.get(uid), flags, `${kind}: flags of ${uid}`);
      if (known.modSeqs.has(uid))
        assert.equal(
          known.modSeqs.get(uid),
          Number(items.get('MODSEQ')),
          `${kind}: modseq of ${uid}`,
        );
    }
  }
  for (const follower of followers) assert.deepEqual(follower.uids, uids, follower.kind);
  await witness.logout();
}
