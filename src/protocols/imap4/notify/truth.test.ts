import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Untagged } from '#wire';
import type { ImapClient } from '../../../../test/clients/imap.ts';
import { mail, stand } from '../stand.test.ts';
import { MESSAGES } from './listener.test.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 240_000 };

interface State {
  messages: number;
  /** While a folder is selected nobody tells. */
  uidNext: number | undefined;
}

/** A client that believes what it is told, and remembers what it did itself. */
class Believer {
  readonly client: ImapClient;
  readonly folders = new Map<string, State>();
  readonly subscribed = new Set<string>();
  #selected: string | undefined;

  constructor(client: ImapClient) {
    this.client = client;
  }

  /** Does a command: what was told before its end came before it, and what it changed itself is known by that. */
  async do(command: string): Promise<boolean> {
    const [name = '', ...rest] = command.split(' ');
    const { status, untagged } = await this.client.command(command);
    this.take(untagged);
    if (status === 'OK') this.#did(name, rest, untagged);
    return status === 'OK';
  }

  /** APPEND, in the middle of which others do something. */
  async append(folder: string, meanwhile: () => Promise<void>): Promise<void> {
    this.client.send(`append APPEND ${folder} {1}\r\n`);
    for (;;) {
      const response = await this.client.response();
      if (response.kind === 'continue') break;
      if (response.kind === 'tagged') return meanwhile();
      assert.equal(response.kind, 'untagged');
      if (response.kind === 'untagged') this.take([response.data]);
    }
    await meanwhile();
    this.client.send('x\r\n');
    const { untagged, status, codeText } = await this.client.completion('append');
    this.take(untagged);
    if (status === 'OK') this.#put(codeText!, folder);
  }

  take(untagged: readonly Untagged[]): void {
    for (const data of untagged) this.#takeOne(data);
  }

  #takeOne(data: Untagged): void {
    const selected = this.folders.get(this.#selected ?? '');
    if (data.type === 'LIST') this.#list(data);
    // What came before belongs to the folder that was selected until then.
    else if (data.type === 'STATUS-RESPONSE' && data.code === 'CLOSED') this.#selected = undefined;
    else if (data.type === 'EXISTS' && selected !== undefined) selected.messages = data.count;
    else if (data.type === 'EXPUNGE' && selected !== undefined) selected.messages--;
    else if (data.type === 'STATUS') {
      assert.notEqual(data.mailbox, this.#selected, 'of the selected one other groups say nothing');
      const [messages, uidNext] = ['MESSAGES', 'UIDNEXT'].map((item) => data.items.get(item));
      this.folders.set(data.mailbox, { messages: messages as number, uidNext: uidNext as number });
    }
  }

  #list({ mailbox, attributes, extended }: Extract<Untagged, { type: 'LIST' | 'LSUB' }>): void {
    const old = extended.get('OLDNAME') as readonly unknown[] | undefined;
    if (old !== undefined) this.#rename(String(old[0]), mailbox);
    if (attributes.includes('\\NonExistent')) this.folders.delete(mailbox);
    else if (!this.folders.has(mailbox)) this.folders.set(mailbox, { messages: 0, uidNext: 1 });
    if (attributes.includes('\\Subscribed')) this.subscribed.add(mailbox);
    else this.subscribed.delete(mailbox);
  }

  #did(
    name: string,
    [first = '', second = '']: readonly string[],
    told: readonly Untagged[],
  ): void {
    switch (name) {
      case 'CREATE':
        this.#create(first);
        return;
      case 'DELETE':
        this.folders.delete(first);
        return;
      case 'RENAME': {
        this.#rename(first, second);
        const end = second.lastIndexOf('/');
        if (end > 0) this.#create(second.slice(0, end));
        return;
      }
      case 'SUBSCRIBE':
        this.subscribed.add(first);
        return;
      case 'UNSUBSCRIBE':
        this.subscribed.delete(first);
        return;
      case 'SELECT': {
        this.#selected = first;
        const exists = told.findLast((data) => data.type === 'EXISTS');
        assert.ok(exists?.type === 'EXISTS');
        this.folders.set(first, { messages: exists.count, uidNext: undefined });
        return;
      }
      case 'UNSELECT':
        this.#selected = undefined;
    }
  }

  #create(name: string): void {
    const levels = name.split('/');
    for (let count = 1; count <= levels.length; count++) {
      const level = levels.slice(0, count).join('/');
      if (!this.folders.has(level)) this.folders.set(level, { messages: 0, uidNext: 1 });
    }
  }

  #rename(from: string, to: string): void {
    const isMoved = (name: string): boolean => name === from || name.startsWith(`${from}/`);
    const renamed = (name: string): string => to + name.slice(from.length);
    const moved = [...this.folders].filter(([name]) => isMoved(name));
    for (const [name] of moved) this.folders.delete(name);
    for (const [name, state] of moved) this.folders.set(renamed(name), state);
    if (this.#selected !== undefined && isMoved(this.#selected))
      this.#selected = renamed(this.#selected);
  }

  /** Counts what it put somewhere: APPENDUID; where it is selected, EXISTS counts. */
  #put(code: string, folder: string): void {
    const state = this.folders.get(folder);
    if (state === undefined || folder === this.#selected) return;
    const uidNext = Number(code.split(' ').at(-1)) + 1;
    // With a number that others have been given meanwhile, it was told by STATUS.
    state.uidNext = Math.max(state.uidNext ?? 0, uidNext);
    state.messages++;
  }
}

const NAMES = ['a', 'a/b', 'a/b/c', 'd', 'd/e', 'b', 'INBOX'];
const name = fc.constantFrom(...NAMES);
/** Nobody deletes these, which would end the session that has selected one. */
const kept = fc.constantFrom('INBOX', 'Archive');
const ofNames = fc.oneof(
  fc.record({
    what: fc.constantFrom('CREATE', 'DELETE', 'SUBSCRIBE', 'UNSUBSCRIBE'),
    name,
  }),
  fc.record({ what: fc.constant('RENAME'), name, to: name }),
);
const ofOther = fc.oneof(
  ofNames,
  fc.record({ what: fc.constantFrom('append', 'append', 'clear'), name: fc.oneof(name, kept) }),
);
const ofOwn = fc.oneof(
  ofNames.filter(({ what, name: from }) => what !== 'RENAME' || from !== 'INBOX'),
  fc.record({ what: fc.constantFrom('SELECT', 'UNSELECT', 'NOOP'), name: kept }),
);
const step = fc.oneof(
  fc.record({ by: fc.constant('other' as const), act: ofOther }),
  fc.record({ by: fc.constant('own' as const), act: ofOwn }),
  fc.record({
    by: fc.constant('burst' as const),
    name,
    acts: fc.array(ofOther, { minLength: 1, maxLength: 6 }),
  }),
);

/** The list of folders and the selected folder change in one commit, and nothing happens afterwards. */
const RENAMED_AWAY: (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[] = [
  { by: 'own', act: { what: 'SELECT', name: 'INBOX' } },
  { by: 'other', act: { what: 'append', name: 'INBOX' } },
  { by: 'other', act: { what: 'RENAME', name: 'INBOX', to: 'a/b/c' } },
];

function commandOf(act: { readonly what: string; readonly name: string }): string {
  const { what, name: first } = act;
  if (what === 'UNSELECT' || what === 'NOOP') return what;
  return 'to' in act ? `${what} ${first} ${String(act.to)}` : `${what} ${first}`;
}

async function actOfOther(
  other: ImapClient,
  act: { readonly what: string; readonly name: string },
): Promise<void> {
  if (act.what === 'append') await other.append(act.name, mail('x')).catch(() => undefined);
  else if (act.what !== 'clear') await other.command(commandOf(act));
  else if ((await other.command(`SELECT ${act.name}`)).status === 'OK') {
    await other.command('STORE 1:* +FLAGS.SILENT (\\Deleted)');
    await other.ok('CLOSE');
  }
}

/** What there is, by name. */
async function truth(client: ImapClient): Promise<Believer> {
  const picture = new Believer(client);
  await picture.do('LIST "" * RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT))');
  await picture.do('LIST (SUBSCRIBED) "" *');
  return picture;
}

for (const [source, delayed] of [
  ['selected', false],
  ['selected-delayed', true],
] as const)
  test(
    `property: who believes what NOTIFY tells knows what there is (${source})`,
    LIMIT,
    async (t) => {
      const { openAs } = await stand(t);
      let people = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), async (steps) => {
          const who = `person${++people}@example.test`;
          const other = await openAs(who, 'CREATE a/b', 'CREATE d');
          const ear = await truth(await openAs(who));
          await ear.do(
            `NOTIFY SET (${source} (MessageNew (UID) MessageExpunge FlagChange)) (personal (${MESSAGES} MailboxName SubscriptionChange))`,
          );
          for (const one of steps) {
            if (one.by === 'other') await actOfOther(other, one.act);
            else if (one.by === 'own') await ear.do(commandOf(one.act));
            else
              await ear.append(one.name, async () => {
                for (const act of one.acts) await actOfOther(other, act);
              });
          }
          // Nothing is asked for but what is told by itself; expunges that are held back have come when the folder is left.
          if (delayed) await ear.do('UNSELECT');
          // The first may come in the middle of telling, which ends then; what was left is told before the second.
          for (let again = 0; again < 2; again++) await ear.do('CAPABILITY');
          const there = await truth(await openAs(who));
          for (const [name, { uidNext }] of ear.folders)
            if (uidNext === undefined) there.folders.get(name)!.uidNext = undefined;
          assert.deepEqual([...ear.folders].sort(), [...there.folders].sort());
          assert.deepEqual([...ear.subscribed].sort(), [...there.subscribed].sort());
          for (const client of [other, ear.client, there.client]) client.close();
        }),
        { numRuns: Number(process.env['NOTIFY_RUNS'] ?? 25), examples: [[RENAMED_AWAY]] },
      );
    },
  );
