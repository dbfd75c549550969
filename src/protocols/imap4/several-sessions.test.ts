import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as fc from 'fast-check';
import { checkAgreement, Follower, flagText, type Kind } from './follower.test.ts';
import { mail, type Stand, stand } from './stand.test.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 240_000 };

const ACTS = [
  'append',
  'copy',
  'move-away',
  'move-within',
  'replace',
  'flag',
  'unflag',
  'silent',
  'conditional',
  'see',
  'expunge',
  'uid-expunge',
  'fetch',
  'search',
  'noop',
  'idle',
  'come-back',
] as const;

interface Step {
  readonly what: (typeof ACTS)[number];
  readonly n: number;
}

const step: fc.Arbitrary<Step> = fc.record({ what: fc.constantFrom(...ACTS), n: fc.nat(30) });

/** How a client addresses one of its messages: by number, or by uid where it must or likes to. */
interface Named {
  readonly prefix: string;
  readonly number: number;
  readonly uid: number | undefined;
}

function named({ uids, numbered }: Follower, n: number): Named | undefined {
  if (uids.length === 0) return undefined;
  const index = n % uids.length;
  const uid = uids[index];
  if (uid !== undefined && (!numbered || n % 2 === 0)) return { prefix: 'UID ', number: uid, uid };
  return numbered ? { prefix: '', number: index + 1, uid } : undefined;
}

async function act(follower: Follower, { what, n }: Step): Promise<void> {
  switch (what) {
    case 'append':
      await follower.say(`APPEND INBOX (\\Flagged a${n % 3}) `, mail(`m${n}`));
      return;
    case 'noop':
      await follower.ok('NOOP');
      return;
    case 'search':
      await follower.ok(follower.numbered && n % 2 === 0 ? 'SEARCH ALL' : 'UID SEARCH ALL');
      return;
    case 'idle': {
      await follower.idle();
      return;
    }
    case 'come-back':
      return follower.comeBack();
    default: {
      const message = named(follower, n);
      if (message !== undefined) await actOn(follower, what, message, n);
    }
  }
}

async function actOn(
  follower: Follower,
  what: Step['what'],
  { prefix, number, uid }: Named,
  n: number,
): Promise<void> {
  const at = (command: string): string => `${prefix}${command} ${number}`;
  /** Somebody else may have removed the message: then it is refused, but it is never nonsense. */
  const attempt = async (command: string, ...pieces: Buffer[]): Promise<void> => {
    assert.notEqual((await follower.say(command, ...pieces)).status, 'BAD', command);
  };
  if (what === 'copy') await attempt(`${at('COPY')} INBOX`);
  else if (what === 'move-away') await attempt(`${at('MOVE')} Trash`);
  else if (what === 'move-within') await attempt(`${at('MOVE')} INBOX`);
  else if (what === 'replace') await attempt(`${at('REPLACE')} INBOX (r${n % 3}) `, mail(`r${n}`));
  else if (what === 'flag') await follower.ok(`${at('STORE')} +FLAGS (\\Flagged k${n % 3})`);
  else if (what === 'unflag') await follower.ok(`${at('STORE')} -FLAGS (\\Flagged K${n % 3})`);
  else if (what === 'silent') await silently(follower, `${at('STORE')}`, uid, n);
  else if (what === 'conditional') await conditionally(follower, at('STORE'), uid);
  else if (what === 'see') await follower.ok(`${at('FETCH')} BODY[]`);
  else if (what === 'fetch') await follower.ok(`${at('FETCH')}:* (UID FLAGS)`);
  else {
    await follower.ok(`${at('STORE')} +FLAGS (\\Deleted)`);
    const byUid = what === 'uid-expunge' && uid !== undefined;
    await follower.ok(byUid ? `UID EXPUNGE ${uid}` : 'EXPUNGE');
  }
}

/** A client that says SILENT works out by itself what the flags are then, unless it is told otherwise. */
async function silently(
  follower: Follower,
  store: string,
  uid: number | undefined,
  n: number,
): Promise<void> {
  const before = uid === undefined ? undefined : follower.flags.get(uid);
  if (uid !== undefined && before !== undefined) {
    const flags = new Set(before.split(' ').filter((flag) => flag !== ''));
    follower.flags.set(uid, flagText([...flags.add(`s${n % 3}`)]));
  }
  // It is the one who has the keyword made: it need not be told of its name first.
  await follower.ok(`${store} +FLAGS.SILENT (s${n % 3})`);
}

/** Changes the flags only if they are what it knows (RFC 7162 §3.1.3). */
async function conditionally(
  follower: Follower,
  store: string,
  uid: number | undefined,
): Promise<void> {
  const known = uid === undefined ? undefined : follower.modSeqs.get(uid);
  if (known === undefined) return;
  const { code } = await follower.ok(`${store} (UNCHANGEDSINCE ${known}) +FLAGS (\\Answered)`);
  if (code !== 'MODIFIED') return;
  // Somebody was faster: it is told of that at the latest now.
  await follower.ok('NOOP');
}

const KINDS: readonly Kind[] = ['rev1', 'condstore', 'qresync', 'uidonly', 'rev1'];

async function withFollowers(
  where: Stand,
  play: (followers: readonly Follower[]) => Promise<void>,
): Promise<void> {
  const followers: Follower[] = [];
  for (const kind of KINDS) followers.push(await Follower.open(where, kind));
  await play(followers);
  await checkAgreement(where, followers);
  for (const { client } of followers) await client.logout();
}

/** So that runs do not make the folder of the next ones larger and larger. */
async function empty({ open }: Stand): Promise<void> {
  const client = await open('SELECT INBOX');
  await client.command('STORE 1:* +FLAGS.SILENT (\\Deleted)');
  await client.ok('CLOSE');
  await client.logout();
}

async function check<T>(
  t: TestContext,
  plans: fc.Arbitrary<T>,
  play: (followers: readonly Follower[], plan: T) => Promise<void>,
): Promise<void> {
  const where = await stand(t);
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      await empty(where);
      await withFollowers(where, (followers) => play(followers, plan));
    }),
    // What overlaps does not overlap again in the same way: there is nothing to shrink.
    { numRuns: 20, endOnFailure: true },
  );
}

test(
  'five sessions of four kinds change one folder in turn; all end with the truth',
  LIMIT,
  async (t) => {
    const plans = fc.array(fc.tuple(fc.nat(KINDS.length - 1), step), {
      minLength: 20,
      maxLength: 60,
    });
    await check(t, plans, async (followers, plan) => {
      for (const [who, what] of plan) await act(followers[who]!, what);
    });
  },
);

test(
  'five sessions at the same time: their commands overlap; all end with the truth',
  LIMIT,
  async (t) => {
    const plan = fc.array(step, { minLength: 5, maxLength: 20 });
    const plans = fc.tuple(...KINDS.map(() => plan));
    await check(t, plans, async (followers, plan) => {
      await Promise.all(
        followers.map(async (follower, index) => {
          for (const what of plan[index]!) await act(follower, what);
        }),
      );
    });
  },
);
