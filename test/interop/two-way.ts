import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { encodeUtf7 } from '../../src/wire/imap/index.ts';
import type { ImapClient } from '../clients/imap.ts';
import type { Kept, Maildir } from './maildir.ts';
import { ALICE, type Listed, type TestServer } from './server.ts';

/** Maildir's letters of the flags that both sides know. */
const LETTERS: Readonly<Record<string, string>> = {
  '\\Draft': 'D',
  '\\Flagged': 'F',
  $Forwarded: 'P',
  '\\Answered': 'R',
  '\\Seen': 'S',
};
const FLAG_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(LETTERS).map(([flag, letter]) => [letter, flag]),
);
/** Messages in one APPEND. */
const APPEND_AT_ONCE = 200;

/** A message as both sides must have it: its letters and a digest of its text. */
type Row = string;
/** By folder, then by Message-ID. */
type Rows = Map<string, Map<string, Row>>;
interface Place<Message> {
  readonly folder: string;
  readonly message: Message;
}

export interface TwoWayOptions {
  readonly server: TestServer;
  readonly maildir: Maildir;
  /** Letters of the flags that the program carries over. */
  readonly letters: string;
  /** Whether the program removes what is marked as trashed in the Maildir; else it is only marked on the server too. */
  readonly expunges: boolean;
  /** What the program calls a folder of the Maildir: the name on the wire, with the separator it uses. */
  readonly localName: (wireName: string) => string;
  readonly seed: number;
}

/** How many messages of each side a round touches, by what happens to them. */
export interface RoundSize {
  readonly added: number;
  readonly marked: number;
  readonly removed: number;
  readonly moved: number;
}

/**
 * A Maildir and the server's mailbox, and what both must come to when a program has synchronized them: `round` changes both at
 * random, no message on both sides, and `compare` holds both against what was done.
 */
export class TwoWay {
  readonly #server: TestServer;
  readonly #maildir: Maildir;
  readonly #letters: string;
  readonly #expunges: boolean;
  readonly #localName: (wireName: string) => string;
  readonly #random: () => number;
  readonly #expected: Rows = new Map();
  /** Where messages are now, by Message-ID, on each side, as `compare` found them. */
  #far = new Map<string, Place<Listed>>();
  #near = new Map<string, Place<Kept>>();
  #made = 0;

  constructor({ server, maildir, letters, expunges, localName, seed }: TwoWayOptions) {
    this.#expunges = expunges;
    this.#server = server;
    this.#maildir = maildir;
    this.#letters = letters;
    this.#localName = localName;
    this.#random = randomFrom(seed);
  }

  get messages(): number {
    return [...this.#expected.values()].reduce((sum, rows) => sum + rows.size, 0);
  }

  get folders(): readonly string[] {
    return [...this.#expected.keys()];
  }

  /** Makes folders on the server, beside those it has, and fills both sides' folders with new messages. */
  async begin(names: readonly string[], far: number, near: number): Promise<void> {
    for (const name of await this.#server.folders(ALICE)) this.#expected.set(name, new Map());
    await this.#server.imap(ALICE, async (client) => {
      for (const name of names) await this.#makeFar(client, name);
      await this.#addFar(client, far);
    });
    this.#makeNear('INBOX');
    this.#makeNear('Near/first');
    this.#addNear(near, ['INBOX', 'Near/first']);
  }

  /** Changes both sides; each message on one of them at most. */
  async round({ added, marked, removed, moved }: RoundSize): Promise<void> {
    const ids = this.#shuffled([...this.#far.keys()]);
    const take = (count: number): string[] => ids.splice(0, count);
    await this.#server.imap(ALICE, async (client) => {
      await this.#markFar(client, take(marked));
      await this.#removeFar(client, take(removed));
      await this.#moveFar(client, take(moved));
      await this.#makeFar(client, `Far ${this.#made} Ä/below`);
      await this.#addFar(client, added);
    });
    for (const id of take(marked)) this.#markNear(id);
    for (const id of take(removed)) this.#removeNear(id);
    for (const id of take(moved)) this.#moveNear(id);
    const folder = `Near ${this.#made}`;
    this.#makeNear(folder);
    this.#addNear(added, [folder, ...this.folders.filter((name) => this.#isNear(name))]);
  }

  /** Takes all messages out of a folder, on the server or locally. */
  async empty(folder: string, side: 'far' | 'near'): Promise<void> {
    const ids = [...this.#expected.get(folder)!.keys()];
    if (side === 'near') for (const id of ids) this.#removeNear(id);
    else await this.#server.imap(ALICE, (client) => this.#removeFar(client, ids));
  }

  /** Drops a folder that both sides have and that is empty. */
  async drop(folder: string, side: 'far' | 'near'): Promise<void> {
    if (side === 'near') this.#maildir.dropFolder(this.#local(folder));
    else await this.#server.imap(ALICE, (client) => client.ok(`DELETE "${encodeUtf7(folder)}"`));
    this.#expected.delete(folder);
  }

  /** Both sides have the same folders with the same messages, and those are the expected ones. */
  async compare(): Promise<void> {
    const far: Rows = new Map();
    this.#far = new Map();
    for (const folder of await this.#server.folders(ALICE)) {
      const rows = new Map<string, Row>();
      for (const message of await this.#server.list(ALICE, folder)) {
        const id = idOf(message.text);
        const letters = message.flags.map((flag) => LETTERS[flag] ?? flag);
        assert.ok(!rows.has(id), `${folder} on the server has ${id} once`);
        rows.set(id, rowOf(letters.toSorted().join(''), message.text.replaceAll('\r\n', '\n')));
        this.#far.set(id, { folder, message });
      }
      far.set(folder, rows);
    }
    const near: Rows = new Map();
    this.#near = new Map();
    const names = new Map(this.folders.map((folder) => [this.#local(folder), folder]));
    for (const local of this.#maildir.folders()) {
      const folder = names.get(local) ?? `${local}, which nobody made`;
      const rows = new Map<string, Row>();
      for (const message of this.#maildir.messages(local)) {
        const id = idOf(message.text);
        assert.ok(!rows.has(id), `${folder} in the Maildir has ${id} once`);
        rows.set(id, rowOf(message.flags, message.text));
        this.#near.set(id, { folder, message });
      }
      near.set(folder, rows);
    }
    assertSame(far, this.#expected, 'the server');
    assertSame(near, this.#expected, 'the Maildir');
  }

  async #makeFar(client: ImapClient, folder: string): Promise<void> {
    await client.ok(`CREATE "${encodeUtf7(folder)}"`);
    for (const name of withParents(folder)) this.#expectFolder(name);
  }

  /** A folder in the Maildir; every level of it is one. */
  #makeNear(folder: string): void {
    for (const name of withParents(folder)) {
      this.#maildir.makeFolder(this.#local(name));
      this.#expectFolder(name);
    }
  }

  #expectFolder(folder: string): void {
    if (!this.#expected.has(folder)) this.#expected.set(folder, new Map());
  }

  #local(folder: string): string {
    return this.#localName(encodeUtf7(folder));
  }

  #isNear(folder: string): boolean {
    return this.#maildir.folders().includes(this.#local(folder));
  }

  async #addFar(client: ImapClient, count: number): Promise<void> {
    const chosen = Map.groupBy(
      Array.from({ length: count }, () => this.#pick(this.folders)),
      (folder) => folder,
    );
    for (const [folder, { length }] of chosen)
      for (let left = length; left > 0; left -= APPEND_AT_ONCE) {
        const pieces: (string | Buffer)[] = [`APPEND "${encodeUtf7(folder)}"`];
        for (let i = Math.min(left, APPEND_AT_ONCE); i > 0; i--) {
          const { id, text, letters } = this.#newMessage();
          const flags = letters.split('').map((letter) => FLAG_OF.get(letter)!);
          pieces.push(
            ` (${flags.join(' ')}) `,
            Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1'),
          );
          this.#expected.get(folder)!.set(id, rowOf(letters, text));
        }
        await client.ok(...pieces);
      }
  }

  #addNear(count: number, folders: readonly string[]): void {
    for (let i = 0; i < count; i++) {
      const folder = this.#pick(folders);
      const { id, text, letters } = this.#newMessage();
      this.#maildir.put(this.#local(folder), text, letters);
      this.#expected.get(folder)!.set(id, rowOf(letters, text));
    }
  }

  /** Does something to messages on the server, folder by folder. */
  async #inFar(
    client: ImapClient,
    ids: readonly string[],
    change: (id: string, place: Place<Listed>) => Promise<unknown>,
  ): Promise<void> {
    const chosen = Map.groupBy(ids, (id) => this.#far.get(id)!.folder);
    for (const [folder, here] of chosen) {
      await client.ok(`SELECT "${encodeUtf7(folder)}"`);
      for (const id of here) await change(id, this.#far.get(id)!);
      await client.ok('EXPUNGE');
    }
  }

  #markFar(client: ImapClient, ids: readonly string[]): Promise<void> {
    return this.#inFar(client, ids, async (id, { message }) => {
      const letters = this.#newLetters();
      const flags = letters.split('').map((letter) => FLAG_OF.get(letter)!);
      await client.ok(`UID STORE ${message.uid} FLAGS.SILENT (${flags.join(' ')})`);
      this.#expectLetters(id, letters);
    });
  }

  #removeFar(client: ImapClient, ids: readonly string[]): Promise<void> {
    return this.#inFar(client, ids, async (id, { message }) => {
      await client.ok(`UID STORE ${message.uid} +FLAGS.SILENT (\\Deleted)`);
      this.#expectNone(id);
    });
  }

  #moveFar(client: ImapClient, ids: readonly string[]): Promise<void> {
    return this.#inFar(client, ids, async (id, { folder, message }) => {
      const target = this.#other(folder);
      await client.ok(`UID MOVE ${message.uid} "${encodeUtf7(target)}"`);
      this.#expectIn(id, target);
    });
  }

  #markNear(id: string): void {
    const letters = this.#newLetters();
    this.#maildir.mark(this.#near.get(id)!.message, letters);
    this.#expectLetters(id, letters);
  }

  /** Half of them, where that does, as programs do that expunge later. */
  #removeNear(id: string): void {
    const { message } = this.#near.get(id)!;
    if (!this.#expunges || this.#random() < 0.5) rmSync(message.path);
    else this.#maildir.mark(message, 'ST');
    this.#expectNone(id);
  }

  #moveNear(id: string): void {
    const { folder, message } = this.#near.get(id)!;
    const target = this.#other(folder);
    if (!this.#isNear(target)) return;
    this.#maildir.move(message, this.#local(target));
    this.#expectIn(id, target);
  }

  #expectLetters(id: string, letters: string): void {
    const rows = this.#expected.get(this.#far.get(id)!.folder)!;
    rows.set(id, rows.get(id)!.replace(/^[^ ]*/, letters));
  }

  #expectNone(id: string): void {
    this.#expected.get(this.#far.get(id)!.folder)!.delete(id);
  }

  #expectIn(id: string, folder: string): void {
    const rows = this.#expected.get(this.#far.get(id)!.folder)!;
    this.#expected.get(folder)!.set(id, rows.get(id)!);
    rows.delete(id);
  }

  #other(folder: string): string {
    return this.#pick(this.folders.filter((name) => name !== folder));
  }

  #newMessage(): { readonly id: string; readonly text: string; readonly letters: string } {
    const number = ++this.#made;
    const id = `${number}@two-way.test`;
    const lines = Array.from({ length: Math.floor(this.#random() ** 4 * 200) }, (_, line) =>
      this.#pick(['', '.', '.dot', '\xc3\x84pfel', `line ${line}`, 'x'.repeat(500), ' \t']),
    );
    const head = [
      'From: Bob <bob@example.test>',
      `Subject: message ${number}`,
      `Message-ID: <${id}>`,
      'Date: Fri, 20 Nov 2026 12:00:00 +0100',
    ];
    const text = `${head.join('\n')}\n\n${lines.join('\n')}${number % 7 === 0 ? '' : '\n'}`;
    return { id, text, letters: this.#newLetters() };
  }

  #newLetters(): string {
    return this.#letters
      .split('')
      .filter(() => this.#random() < 0.3)
      .join('');
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)]!;
  }

  #shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => [this.#random(), item] as const)
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  }
}

/** Numbers from 0 up to 1, always the same for a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** mbsync marks what it copies by a field X-TUID, which it does not take away. */
function rowOf(letters: string, text: string): Row {
  const own = text.replace(/^X-TUID: .*\n/m, '');
  return `${letters} ${createHash('sha256').update(own, 'latin1').digest('base64')}`;
}

function idOf(text: string): string {
  return /^Message-ID: <(.*)>\r?$/m.exec(text)![1]!;
}

function withParents(folder: string): readonly string[] {
  const levels = folder.split('/');
  return levels.map((_, depth) => levels.slice(0, depth + 1).join('/'));
}

/** Says the first differences instead of thousands of rows. */
function assertSame(found: Rows, expected: Rows, where: string): void {
  const differences: string[] = [];
  for (const folder of new Set([...found.keys(), ...expected.keys()])) {
    const [there, wanted] = [found.get(folder), expected.get(folder)];
    if (there === undefined || wanted === undefined) {
      differences.push(`${folder} is ${there === undefined ? 'missing' : 'too much'}`);
      continue;
    }
    for (const id of new Set([...there.keys(), ...wanted.keys()]))
      if (there.get(id) !== wanted.get(id))
        differences.push(`${folder}, ${id}: ${there.get(id)}, expected ${wanted.get(id)}`);
  }
  const few = [`${differences.length} differences on ${where}`, ...differences.slice(0, 20)];
  assert.equal(differences.length, 0, few.join('\n'));
}
