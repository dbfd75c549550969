import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EsearchData, Untagged } from '#wire';
import type { ImapClient } from '../../../../test/clients/imap.ts';
import { fill, mail, stand } from '../stand.test.ts';

function updates(untagged: readonly Untagged[]): readonly EsearchData[] {
  return untagged.filter((data) => data.type === 'ESEARCH');
}

/** Updates as `tag -position:numbers +position:numbers`. */
function told(untagged: readonly Untagged[]): readonly string[] {
  return updates(untagged).map(({ tag, removeFrom = [], addTo = [] }) =>
    [
      tag,
      ...removeFrom.map(({ position, results }) => `-${position}:${numbersOf(results)}`),
      ...addTo.map(({ position, results }) => `+${position}:${numbersOf(results)}`),
    ].join(' '),
  );
}

function numbersOf(ranges: readonly { readonly first: number; readonly last: number }[]): number[] {
  return ranges.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_none, index) => first + index),
  );
}

/** The tag that the client used for its last command, found in what it was answered. */
async function follow(client: ImapClient, command: string): Promise<string> {
  const { untagged } = await client.ok(command);
  return updates(untagged)[0]!.tag!;
}

test('flags, arrivals and expunges, as they happen', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, 5);
  await client.ok('SELECT INBOX');
  const tag = await follow(client, 'SEARCH RETURN (UPDATE COUNT) SEEN');
  const one = await client.ok('STORE 1:2,4 +FLAGS (\\Seen)');
  assert.deepEqual(told(one.untagged), [`${tag} +0:1,2,4`]);
  const two = await client.ok('STORE 1:3 -FLAGS (\\Seen)');
  assert.deepEqual(told(two.untagged), [`${tag} -0:1,2`]);
  // Nothing else about a result is told.
  assert.deepEqual(told((await client.ok('STORE 4 +FLAGS (\\Flagged)')).untagged), []);
  await client.ok('STORE 3:4 +FLAGS (\\Deleted)');
  const gone = await client.ok('EXPUNGE');
  assert.deepEqual(told(gone.untagged), [`${tag} -0:4`]);
  const kinds = gone.untagged.map(({ type }) => type);
  assert.ok(kinds.indexOf('ESEARCH') < kinds.indexOf('EXPUNGE'), kinds.join());
  const come = await client.append('INBOX', mail('new'), '(\\Seen)');
  assert.deepEqual(told(come.untagged), [`${tag} +0:4`]);
  const order = come.untagged.map(({ type }) => type);
  assert.ok(order.indexOf('EXISTS') < order.indexOf('ESEARCH'), order.join());
  await client.ok(`CANCELUPDATE "${tag}"`);
  assert.deepEqual(told((await client.ok('STORE 1 +FLAGS (\\Seen)')).untagged), []);
  assert.equal((await client.command(`CANCELUPDATE "${tag}"`)).status, 'NO');
});

test('what somebody else does is told in IDLE, and at the next command', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, 3);
  await client.ok('SELECT INBOX');
  const other = await open('SELECT INBOX');
  const tag = await follow(client, 'UID SORT RETURN (UPDATE ALL) (REVERSE SUBJECT) UTF-8 UNSEEN');
  const idle = await client.idle();
  await other.ok('STORE 2 +FLAGS (\\Seen)');
  const update = await idle.waitFor((data) => data.type === 'ESEARCH', 'an update');
  assert.deepEqual(told([update]), [`${tag} -2:2`]);
  await idle.done();
  await other.ok('STORE 1:2 -FLAGS (\\Seen)');
  await other.ok('STORE 3 +FLAGS (\\Deleted)');
  await other.ok('EXPUNGE');
  // During FETCH by number messages keep their numbers, and are no results any more all the same.
  const fetched = await client.ok('FETCH 1:* (UID)');
  assert.deepEqual(told(fetched.untagged), [`${tag} -1:3`, `${tag} +1:2`]);
  assert.ok(!fetched.untagged.some(({ type }) => type === 'EXPUNGE'));
  assert.deepEqual(told((await client.ok('NOOP')).untagged), []);
});

test('message numbers and "$" mean what they meant', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, 5);
  await client.ok('SELECT INBOX');
  await client.ok('SEARCH RETURN (SAVE) 4');
  const tag = await follow(client, 'UID SEARCH RETURN (UPDATE ALL) OR 2 $ UNSEEN');
  await client.ok('STORE 1 +FLAGS (\\Deleted)');
  await client.ok('EXPUNGE');
  await client.ok('SEARCH RETURN (SAVE) 1');
  const changed = await client.ok('STORE 1:* +FLAGS (\\Seen)');
  assert.deepEqual(told(changed.untagged), [`${tag} -0:2,4`]);
});

test('a tag is used once, and contexts are not without bound', async (t) => {
  const { open } = await stand(t, { limits: { contextsMax: 2, sortedResultsMax: 3 } });
  const client = await open();
  await fill(client, 2);
  await client.ok('SELECT INBOX');
  const command = async (line: string): Promise<readonly string[]> => {
    client.send(`x1 ${line}\r\n`);
    const { status, untagged } = await client.completion('x1');
    return [status, ...untagged.flatMap((data) => ('codeText' in data ? [data.codeText!] : []))];
  };
  assert.deepEqual(await command('SEARCH RETURN (UPDATE) ALL'), ['OK']);
  assert.deepEqual(await command('SORT RETURN (UPDATE) (DATE) UTF-8 ALL'), ['BAD']);
  assert.deepEqual(await command('SORT RETURN (MIN) (DATE) UTF-8 ALL'), ['OK']);
  await client.ok('SORT RETURN (UPDATE) (DATE) UTF-8 ALL');
  const third = await client.ok('SEARCH RETURN (UPDATE COUNT) ALL');
  const refused = third.untagged.find((data) => data.type === 'STATUS-RESPONSE');
  assert.ok(refused?.type === 'STATUS-RESPONSE' && refused.condition === 'NO');
  assert.match(refused.codeText ?? '', /^NOUPDATE "t\d+"$/);
  assert.equal(updates(third.untagged)[0]?.count, 2);
  await client.ok('CANCELUPDATE "x1"');
  // Two results of SORT are kept; two more are one too many.
  const sorted = await client.ok('SORT RETURN (UPDATE) (DATE) UTF-8 ALL');
  assert.ok(sorted.untagged.some((data) => 'code' in data && data.code === 'NOUPDATE'));
  // And so are two more that come later.
  const more = await client.append('INBOX', mail('more'));
  assert.ok(!more.untagged.some((data) => 'code' in data && data.code === 'NOUPDATE'));
  const most = await client.append('INBOX', mail('most'));
  assert.equal(told(most.untagged).length, 1);
  assert.ok(most.untagged.some((data) => 'code' in data && data.code === 'NOUPDATE'));
  assert.deepEqual(told((await client.append('INBOX', mail('another'))).untagged), []);
  assert.deepEqual(await command('SEARCH RETURN (UPDATE) ALL'), ['OK']);
  // The end of the selection is the end of all of them.
  await client.ok('SELECT INBOX');
  assert.deepEqual(await command('SEARCH RETURN (UPDATE) ALL'), ['OK']);
});

/** What a client keeps of a search: its results in order. */
class Follower {
  readonly tag: string;
  readonly ask: string;
  readonly #uid: boolean;
  readonly #isSorted: boolean;
  results: number[];

  constructor(tag: string, ask: string, results: readonly number[]) {
    this.tag = tag;
    this.ask = ask;
    this.#uid = ask.startsWith('UID');
    this.#isSorted = ask.includes('SORT');
    this.results = [...results];
  }

  /** Does what the server says, as RFC 5267 §4.3.3 and §4.3.4 tell a client to. */
  take(untagged: readonly Untagged[]): void {
    for (const data of untagged) {
      if (data.type === 'EXPUNGE' && !this.#uid) this.#expunge(data.seq);
      if (data.type !== 'ESEARCH' || data.tag !== this.tag) continue;
      for (const { position, results } of data.removeFrom ?? []) {
        const gone = numbersOf(results);
        if (position === 0) this.results = this.results.filter((each) => !gone.includes(each));
        else assert.deepEqual(this.results.splice(position - 1, gone.length), gone);
      }
      for (const { position, results } of data.addTo ?? []) {
        assert.equal(position === 0, !this.#isSorted);
        assert.ok(position <= this.results.length + 1);
        this.results.splice(Math.max(0, position - 1), 0, ...numbersOf(results));
        if (position === 0) this.results.sort((a, b) => a - b);
      }
    }
  }

  #expunge(seq: number): void {
    assert.ok(!this.results.includes(seq), 'a result is taken out before its number goes');
    this.results = this.results.map((each) => (each > seq ? each - 1 : each));
  }
}

const ASKED = [
  'SEARCH RETURN (ALL) SEEN',
  'UID SEARCH RETURN (ALL) NOT SEEN',
  'UID SEARCH RETURN (ALL) OR FLAGGED SUBJECT b',
  'SORT RETURN (ALL) (SUBJECT REVERSE ARRIVAL) UTF-8 UNSEEN',
  'UID SORT RETURN (ALL) (REVERSE SUBJECT) UTF-8 OR SEEN FLAGGED',
  'UID SORT RETURN (ALL) (SIZE) UTF-8 ALL',
];

async function results(client: ImapClient, command: string): Promise<[string, number[]]> {
  const [data] = updates((await client.ok(command)).untagged);
  return [data!.tag!, numbersOf(data!.all ?? [])];
}

test('property: who follows the updates knows what a new search would find', async (t) => {
  const { open } = await stand(t);
  const change = fc.oneof(
    fc.record({
      set: fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }),
      operation: fc.constantFrom(
        '+FLAGS (\\Seen)',
        '-FLAGS (\\Seen)',
        '+FLAGS (\\Flagged)',
        'FLAGS ()',
      ),
      byOther: fc.boolean(),
    }),
    fc.record({ subject: fc.constantFrom('a', 'b', 'c', 'Re: b'), seen: fc.boolean() }),
    fc.record({
      expunge: fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }),
      byOther: fc.boolean(),
    }),
  );
  let boxes = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 4, maxLength: 14 }), async (changes) => {
      const box = `box${++boxes}`;
      const [client, other] = [await open(`CREATE ${box}`), await open()];
      for (const subject of 'abcab')
        await client.append(box, mail(subject, `${subject.repeat(9)}\r\n`));
      await client.ok(`SELECT ${box}`);
      await other.ok(`SELECT ${box}`);
      const followers: Follower[] = [];
      for (const ask of ASKED) {
        const [tag, found] = await results(client, ask.replace('(ALL)', '(ALL UPDATE)'));
        followers.push(new Follower(tag, ask, found));
      }
      const run = async (command: string): Promise<void> => {
        const { untagged } = await client.command(command);
        for (const follower of followers) follower.take(untagged);
      };
      const uids = (picks: readonly number[]): string => picks.map((pick) => pick + 1).join();
      for (const one of changes) {
        const act = 'byOther' in one && one.byOther ? other.ok.bind(other) : run;
        if ('subject' in one)
          await other.append(box, mail(one.subject), one.seen ? '(\\Seen)' : '');
        else if ('operation' in one) await act(`UID STORE ${uids(one.set)} ${one.operation}`);
        else {
          await act(`UID STORE ${uids(one.expunge)} +FLAGS.SILENT (\\Deleted)`);
          await act(`UID EXPUNGE ${uids(one.expunge)}`);
        }
        // By number, and so without EXPUNGE.
        await run('FETCH 1:* (FLAGS)');
      }
      await run('NOOP');
      for (const follower of followers) {
        const [, found] = await results(client, follower.ask);
        assert.deepEqual(follower.results, found, follower.ask);
      }
      client.close();
      other.close();
    }),
    { numRuns: 12 },
  );
});
