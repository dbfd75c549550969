import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { PosthornError } from '#kernel';
import type { ImapClient, ImapCompletion } from '../../../test/clients/imap.ts';
import type { Untagged } from '../../wire/imap/index.ts';
import { mail, type Stand, stand } from './stand.test.ts';

/** A client that keeps its picture of INBOX by what it hears, as real ones do. */
class Follower {
  readonly client: ImapClient;
  /** Uids by message number; undefined while it has not asked. */
  uids: (number | undefined)[] = [];
  flags = new Map<number, string>();

  constructor(client: ImapClient) {
    this.client = client;
  }

  async select(): Promise<void> {
    this.uids = [];
    this.hear(await this.client.ok('SELECT INBOX'));
    await this.learn();
  }

  hear(completion: ImapCompletion): ImapCompletion {
    for (const data of completion.untagged) this.#hearOne(data);
    return completion;
  }

  #hearOne(data: Untagged): void {
    switch (data.type) {
      case 'EXISTS':
        assert.ok(data.count >= this.uids.length, 'EXISTS never shrinks');
        while (this.uids.length < data.count) this.uids.push(undefined);
        return;
      case 'EXPUNGE':
        assert.ok(data.seq <= this.uids.length, 'EXPUNGE names a message that is there');
        this.uids.splice(data.seq - 1, 1);
        return;
      case 'VANISHED':
        for (const { first, last } of data.uids)
          for (let uid = first as number; uid <= last; uid++) {
            const index = this.uids.indexOf(uid);
            if (index >= 0 && !data.earlier) this.uids.splice(index, 1);
          }
        return;
      case 'FETCH': {
        assert.ok(data.seq <= this.uids.length, 'FETCH names a message that is there');
        const named = data.items.get('UID') as number | undefined;
        const known = this.uids[data.seq - 1];
        if (named !== undefined && known !== undefined) assert.equal(named, known);
        if (named !== undefined) this.uids[data.seq - 1] = named;
        const flags = data.items.get('FLAGS') as readonly string[] | undefined;
        const uid = named ?? known;
        if (flags !== undefined && uid !== undefined) this.flags.set(uid, flagText(flags));
        return;
      }
      default:
        return;
    }
  }

  /** Asks for the uids that it does not know. */
  async learn(): Promise<void> {
    if (this.uids.includes(undefined)) this.hear(await this.client.ok('UID FETCH 1:* (FLAGS)'));
  }
}

function flagText(flags: readonly string[]): string {
  return flags
    .filter((flag) => flag !== '\\Recent')
    .sort()
    .join(' ');
}

type Step = {
  readonly who: 0 | 1;
  readonly what:
    | 'append'
    | 'flag'
    | 'silent'
    | 'see'
    | 'expunge'
    | 'uid-expunge'
    | 'move'
    | 'fetch'
    | 'noop'
    | 'search';
  readonly n: number;
};

const steps = fc.array(
  fc.record({
    who: fc.constantFrom(0 as const, 1 as const),
    what: fc.constantFrom<Step['what'][]>(
      'append',
      'flag',
      'silent',
      'see',
      'expunge',
      'uid-expunge',
      'move',
      'fetch',
      'noop',
      'search',
    ),
    n: fc.nat(30),
  }),
  { minLength: 10, maxLength: 40 },
);

async function act(follower: Follower, { what, n }: Step): Promise<void> {
  const { client, uids } = follower;
  const seq = uids.length === 0 ? 0 : (n % uids.length) + 1;
  const hear = async (command: string): Promise<void> => {
    const { status, text } = follower.hear(await client.command(command));
    assert.equal(status, 'OK', `${command}: ${text}`);
  };
  if (what === 'append') follower.hear(await client.append('INBOX', mail(`m${n}`)));
  else if (what === 'noop') await hear('NOOP');
  else if (seq === 0) return;
  else if (what === 'flag') await hear(`STORE ${seq} +FLAGS (\\Flagged k${n % 3})`);
  else if (what === 'silent') await silently(follower, seq, n);
  else if (what === 'see') await hear(`FETCH ${seq} BODY[]`);
  else if (what === 'fetch') await hear(`FETCH ${seq}:* (UID FLAGS)`);
  else if (what === 'search') await hear('UID SEARCH ALL');
  else if (what === 'move') await hear(`MOVE ${seq} Trash`);
  else {
    await hear(`STORE ${seq} +FLAGS (\\Deleted)`);
    const uid = uids[seq - 1];
    await hear(what === 'expunge' || uid === undefined ? 'EXPUNGE' : `UID EXPUNGE ${uid}`);
  }
}

/** A client that says SILENT works out by itself what the flags are then, unless it is told otherwise. */
async function silently(follower: Follower, seq: number, n: number): Promise<void> {
  const uid = follower.uids[seq - 1];
  const before = uid === undefined ? undefined : follower.flags.get(uid);
  if (uid !== undefined && before !== undefined) {
    const flags = new Set(before.split(' ').filter((flag) => flag !== ''));
    follower.flags.set(uid, flagText([...flags.add(`s${n % 3}`)]));
  }
  const command = `STORE ${seq} +FLAGS.SILENT (s${n % 3})`;
  assert.equal(follower.hear(await follower.client.command(command)).status, 'OK');
}

async function checkAgreement(followers: readonly Follower[], witness: ImapClient): Promise<void> {
  for (const follower of followers) {
    follower.hear(await follower.client.ok('NOOP'));
    await follower.learn();
  }
  await witness.ok('EXAMINE INBOX');
  const truth = await witness.command('UID FETCH 1:* FLAGS');
  const uids: number[] = [];
  const flags = new Map<number, string>();
  for (const data of truth.untagged) {
    if (data.type !== 'FETCH') continue;
    const uid = data.items.get('UID') as number;
    uids.push(uid);
    flags.set(uid, flagText(data.items.get('FLAGS') as readonly string[]));
  }
  for (const follower of followers) {
    assert.deepEqual(follower.uids, uids);
    for (const [uid, text] of flags)
      if (follower.flags.has(uid)) assert.equal(follower.flags.get(uid), text, `flags of ${uid}`);
  }
}

async function play(where: Stand, enable: readonly string[], plan: readonly Step[]): Promise<void> {
  const followers = [new Follower(await where.open()), new Follower(await where.open(...enable))];
  const witness = await where.open();
  for (const follower of followers) await follower.select();
  for (const step of plan) {
    await act(followers[step.who]!, step);
    // VANISHED names uids: who hears it must know those of all its messages (RFC 7162 §3.2.10).
    if (enable.length > 0) await followers[1]!.learn();
  }
  await checkAgreement(followers, witness);
  for (const { client } of followers) await client.logout();
  await witness.logout();
}

test('two sessions change one folder; both clients end with the truth', async (t) => {
  const where = await stand(t);
  await fc.assert(
    fc.asyncProperty(steps, (plan) => play(where, [], plan)),
    { numRuns: 25 },
  );
});

test('the same, one of them with QRESYNC and IMAP4rev2', async (t) => {
  const where = await stand(t);
  await fc.assert(
    fc.asyncProperty(steps, (plan) => play(where, ['ENABLE QRESYNC IMAP4rev2'], plan)),
    { numRuns: 25 },
  );
});

test('two sessions at the same time: commands of both overlap', async (t) => {
  const where = await stand(t);
  await fc.assert(
    fc.asyncProperty(steps, steps, async (one, other) => {
      const followers = [new Follower(await where.open()), new Follower(await where.open())];
      const witness = await where.open();
      for (const follower of followers) await follower.select();
      await Promise.all(
        followers.map(async (follower, index) => {
          for (const step of index === 0 ? one : other) await act(follower, step);
        }),
      );
      await checkAgreement(followers, witness);
      for (const { client } of followers) await client.logout();
      await witness.logout();
    }),
    { numRuns: 25 },
  );
});

test('what another session did is told, also after a STORE that changed nothing', async (t) => {
  const { open } = await stand(t);
  const one = await open();
  for (const subject of ['1', '2']) await one.append('INBOX', mail(subject));
  await one.ok('SELECT INBOX');
  await one.ok('STORE 1 +FLAGS (\\Seen)');
  const other = await open('SELECT INBOX');
  await other.ok('STORE 2 +FLAGS (\\Flagged)');
  const heard = [await one.ok('STORE 1 +FLAGS (\\Seen)'), await one.ok('NOOP')];
  const untagged = heard.flatMap((completion) => completion.untagged);
  assert.ok(untagged.some((data) => data.type === 'FETCH' && data.seq === 2));
});

test('what is gone and what came is told also when \\Recent cannot be claimed', async (t) => {
  const { store, open } = await stand(t);
  let full = false;
  const openMailbox = store.openMailbox.bind(store);
  store.openMailbox = (...of) => {
    const mailbox = openMailbox(...of);
    const claimRecent = mailbox.claimRecent.bind(mailbox);
    mailbox.claimRecent = async (folderId) => {
      if (full) throw new PosthornError('disk-full');
      return claimRecent(folderId);
    };
    return mailbox;
  };
  const one = await open();
  for (const subject of ['1', '2', '3']) await one.append('INBOX', mail(subject));
  await one.ok('SELECT INBOX');
  const other = await open('SELECT INBOX', 'STORE 1 +FLAGS (\\Deleted)', 'EXPUNGE');
  full = true;
  await other.append('INBOX', mail('4'));
  await (await open()).ok('SELECT INBOX');
  const { untagged } = await one.ok('NOOP');
  assert.deepEqual(
    untagged.flatMap((data) => {
      if (data.type === 'EXPUNGE') return [`EXPUNGE ${data.seq}`];
      return data.type === 'EXISTS' ? [`EXISTS ${data.count}`] : [];
    }),
    ['EXPUNGE 1', 'EXISTS 3'],
  );
});
