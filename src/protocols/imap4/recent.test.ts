import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { mail, type Stand, stand } from './stand.test.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 240_000 };

const ACTS = [
  'append',
  'select',
  'examine',
  'unselect',
  'status',
  'noop',
  'see',
  'expunge',
] as const;

interface Step {
  readonly who: number;
  readonly what: (typeof ACTS)[number];
  readonly n: number;
}

const SESSIONS = 4;

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    who: fc.nat(SESSIONS - 1),
    what: fc.constantFrom(...ACTS),
    n: fc.nat(20),
  }),
  { minLength: 15, maxLength: 50 },
);

/** A session of IMAP4rev1 that counts what is \Recent. */
class Looker {
  readonly client: ImapClient;
  state: 'none' | 'select' | 'examine' = 'none';
  /** What RECENT told last. */
  count = 0;

  constructor(client: ImapClient) {
    this.client = client;
  }

  async say(command: string): Promise<void> {
    this.hear((await this.client.ok(command)).untagged);
  }

  hear(untagged: Awaited<ReturnType<ImapClient['ok']>>['untagged']): void {
    for (const data of untagged) if (data.type === 'RECENT') this.count = data.count;
  }

  /** The uids that are \Recent here; FETCH, SEARCH and RECENT must agree on them. */
  async recent(): Promise<ReadonlySet<number>> {
    await this.say('NOOP');
    const { untagged } = await this.client.ok('UID FETCH 1:* (FLAGS)');
    this.hear(untagged);
    const uids = new Set<number>();
    for (const data of untagged) {
      if (data.type !== 'FETCH') continue;
      const flags = data.items.get('FLAGS') as readonly string[];
      if (flags.includes('\\Recent')) uids.add(data.items.get('UID') as number);
    }
    assert.equal(this.count, uids.size, 'RECENT counts what FETCH shows');
    for (const [key, wanted] of [
      ['RECENT', [...uids]],
      ['NOT OLD', [...uids]],
    ] as const) {
      const found = (await this.client.ok(`UID SEARCH ${key}`)).untagged;
      const [data] = found.filter(({ type }) => type === 'SEARCH');
      assert.deepEqual(data?.type === 'SEARCH' && data.numbers, wanted, key);
    }
    return uids;
  }
}

async function act(looker: Looker, { what, n }: Step): Promise<void> {
  const { client } = looker;
  if (what === 'append') looker.hear((await client.append('INBOX', mail(`m${n}`))).untagged);
  else if (what === 'select' || what === 'examine') {
    await looker.say(`${what.toUpperCase()} INBOX`);
    looker.state = what;
  } else if (what === 'status') {
    if (looker.state === 'none') await looker.say('STATUS INBOX (RECENT MESSAGES)');
  } else if (looker.state === 'none') return;
  else if (what === 'noop') await looker.say('NOOP');
  else if (what === 'see') await looker.say(`UID FETCH ${n + 1}:* BODY[]`);
  else if (what === 'unselect') {
    await looker.say('UNSELECT');
    looker.state = 'none';
  } else if (looker.state === 'select') {
    // Nobody can take \Recent from a message, nor give it (RFC 9051 §2.3.2).
    await looker.say(`UID STORE ${n + 1} FLAGS (\\Deleted)`);
    await looker.say('EXPUNGE');
  }
}

async function play({ open }: Stand, plan: readonly Step[]): Promise<void> {
  const lookers: Looker[] = [];
  for (let n = 0; n < SESSIONS; n++) lookers.push(new Looker(await open()));
  // Of each message the session that has it as \Recent, by its number and how often it had selected.
  const claims = new Map<number, string>();
  const selections = lookers.map(() => 0);
  for (const step of plan) {
    const looker = lookers[step.who]!;
    await act(looker, step);
    if (step.what === 'select') selections[step.who]!++;
    if (looker.state !== 'select') continue;
    const who = `session ${step.who}, selection ${selections[step.who]}`;
    for (const uid of await looker.recent()) {
      const owner = claims.get(uid) ?? who;
      assert.equal(owner, who, `${uid} is \\Recent for one session only`);
      claims.set(uid, owner);
    }
  }
  for (const [who, looker] of lookers.entries()) {
    if (looker.state === 'none') continue;
    const recent = await looker.recent();
    if (looker.state === 'select')
      for (const uid of recent) claims.set(uid, claims.get(uid) ?? `session ${who} at the end`);
  }
  // A new session gets what nobody has had, and then no message is left that nobody was told of.
  const last = new Looker(await open());
  await last.say('SELECT INBOX');
  for (const uid of await last.recent()) {
    assert.ok(!claims.has(uid), `${uid} was \\Recent before`);
    claims.set(uid, 'the last');
  }
  await last.say('SELECT INBOX');
  assert.equal(last.count, 0, 'what was \\Recent is not after the next SELECT');
  for (const { items } of await last.client.fetch('1:*', 'UID', true))
    assert.ok(claims.has(items.get('UID') as number), 'each message was \\Recent once');
  for (const { client } of [...lookers, last]) await client.logout();
}

test(
  'each message is \\Recent for one session, those that only look take none (RFC 3501 §2.3.2)',
  LIMIT,
  async (t) => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => play(await stand(t), plan)),
      { numRuns: 15 },
    );
  },
);
