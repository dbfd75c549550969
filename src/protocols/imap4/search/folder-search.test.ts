import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { parseDate, parseMessage } from '#content';
import { PosthornError } from '#kernel';
import type { ModSeq, Uid } from '#model';
import { parseCommand, type SearchKey } from '#wire';
import { compileSearch } from './compile.ts';
import { runSearch } from './folder-search.ts';
import { searchKeys } from './keys.conformance.ts';
import { emailId, modelSearch, openTestFolder, type TestFolder } from './model.conformance.ts';
import { goalOf } from './result.ts';
import { ODD, oddSamples, sampleOf } from './samples.conformance.ts';
import type { SearchScope } from './scope.ts';

const CORPORA = resolve(import.meta.dirname, '../../../../../shared/corpora');
const skip = existsSync(CORPORA) ? false : 'the sample mails (../shared/corpora) are not there';

let folder: TestFolder;
before(async () => {
  folder = await openTestFolder(oddSamples());
});
after(async () => {
  await folder[Symbol.asyncDispose]();
});

function keyOf(text: string): SearchKey {
  const parsed = parseCommand(Buffer.from(`a SEARCH ${text}`), { utf8Names: false });
  assert.ok(parsed.ok, text);
  assert.ok(parsed.command.body.name === 'SEARCH');
  return parsed.command.body.key;
}

async function find(text: string, scope: SearchScope = folder.scope()): Promise<readonly number[]> {
  return (await runSearch(compileSearch(keyOf(text), scope), scope)).seqs;
}

/** The names of the odd messages that a search finds, fillers left out. */
async function names(text: string): Promise<readonly string[]> {
  const seqs = await find(text);
  const found = seqs.map((seq) => folder.messages[seq - 1]!.bytes);
  return Object.keys(ODD).filter((name) => found.includes(ODD[name]!));
}

/** The uids of the odd messages of these names. */
function uidOf(name: string): Uid {
  return folder.messages.find(({ bytes }) => bytes === ODD[name])!.entry.uid;
}

test('texts are found decoded, in any case, composed or not', async () => {
  assert.deepEqual(await names('SUBJECT "hello w"'), ['plain']);
  assert.deepEqual(await names('SUBJECT "GRÜSSE"'), []);
  assert.deepEqual(await names('SUBJECT "grüße"'), ['encodedWords', 'rawEightBit']);
  assert.deepEqual(await names('SUBJECT "GRÜßE AUS KÖLN"'), ['encodedWords']);
  assert.deepEqual(await names('FROM jürgen'), ['encodedWords']);
  assert.deepEqual(await names('SUBJECT "that goes on"'), ['folded']);
  assert.deepEqual(await names('SUBJECT needleatend'), ['longSubject']);
  assert.deepEqual(await names('SUBJECT second'), []);
  assert.deepEqual(await names('BODY "übermut TUT"'), ['base64Body']);
  assert.deepEqual(await names('BODY "café with a soft break and € 100"'), ['quotedPrintable']);
  assert.deepEqual(await names('BODY "zwei\u00a0wörter"'), ['multipart']);
  assert.deepEqual(await names('BODY façade'), ['latin1Raw']);
  assert.deepEqual(await names('BODY résumé'), ['decomposed']);
  assert.deepEqual(await names('BODY re\u0301sume\u0301'), ['decomposed']);
  assert.deepEqual(await names('BODY farword'), ['largeText']);
  assert.deepEqual(await names('BODY "ünder"'), ['largeText']);
  assert.deepEqual(await names('BODY "small NOTE"'), ['largeAttachment']);
});

test('BODY looks at text parts and embedded messages, TEXT at all headers too', async () => {
  assert.deepEqual(await names('BODY "inside of the inside"'), ['multipart']);
  assert.deepEqual(await names('BODY innér'), ['multipart']);
  assert.deepEqual(await names('BODY hiddenword'), []);
  assert.deepEqual(await names('TEXT attachmentword'), []);
  assert.deepEqual(await names('TEXT "preamble nobody"'), []);
  assert.deepEqual(await names('BODY invoice-4711'), []);
  assert.deepEqual(await names('TEXT invoice-4711'), ['multipart']);
  assert.deepEqual(await names('TEXT pixelname'), ['largeAttachment']);
  assert.deepEqual(await names('BODY multi@example.org'), []);
  assert.deepEqual(await names('TEXT "from: MULTI@"'), ['multipart']);
  assert.equal((await find('BODY ""')).length, folder.messages.length);
  assert.equal((await find('NOT TEXT ""')).length, 0);
});

test('fields', async () => {
  assert.deepEqual(await names('TO carl CC dora BCC eve'), ['plain']);
  assert.deepEqual(await names('HEADER x-tag ""'), ['twice']);
  assert.deepEqual(await names('HEADER X-TAG BB'), ['twice']);
  assert.deepEqual(await names('HEADER X-Empty ""'), ['plain']);
  assert.deepEqual(await names('HEADER X-Empty x'), []);
  assert.deepEqual(await names('HEADER Subject second'), ['twice']);
  assert.deepEqual(await names('NOT SUBJECT ""'), ['noHeader']);
});

test('sending dates count by the day that the field shows', async () => {
  assert.deepEqual(await names('SENTON 1-Feb-2026'), ['plain', 'asctime', 'largeText']);
  assert.deepEqual(await names('SENTON 2-Feb-2026'), ['encodedWords', 'folded']);
  assert.deepEqual(await names('SENTBEFORE 2-Feb-2026'), ['plain', 'asctime', 'largeText']);
  assert.deepEqual(await names('SENTSINCE 2-Feb-2026 SENTBEFORE 3-Feb-2026'), [
    'encodedWords',
    'folded',
  ]);
  assert.deepEqual(await names('SENTSINCE 3-Feb-2026'), ['multipart']);
  const dated = await names('OR SENTBEFORE 1-Jan-2027 SENTSINCE 1-Jan-2027');
  assert.ok(!dated.includes('badDate') && !dated.includes('noHeader'));
});

test('random searches find what the plain model finds', async () => {
  const words = ['hello', 'world', 'grüße', 'köln', 'example.org', 'jürgen', 'wörter', 'break'];
  const more = ['übermut', 'inside', 'innér', 'farword', 'subject', 'text', 'second', 'rfc822'];
  const days = [31, 32, 33, 34, 35].map((day) => Date.UTC(2026, 0, day));
  await compareWithModel(folder, [...words, ...more, 'nowhere'], days, 400);
});

test('random searches in a folder of real mail find what the model finds', { skip }, async () => {
  const files = ['spamassassin', 'mime4j', 'mail-parser', 'python-email'].flatMap((room) => {
    const root = join(CORPORA, room);
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(eml|msg|txt)$/.test(name))
      .sort()
      .filter((_name, index) => index % (room === 'spamassassin' ? 30 : 8) === 0)
      .map((name) => readFileSync(join(root, name)));
  });
  await using real = await openTestFolder(files.map(sampleOf));
  const parsed = files.map((bytes) => parseMessage(bytes));
  const words = parsed
    .flatMap(({ preview, subject, from, to }) => [preview.slice(20, 40), subject, from, to])
    .filter((text) => text.length > 5);
  const days = parsed.flatMap(({ sentAtMs }, index) =>
    sentAtMs === undefined || index % 5 > 0 ? [] : [Math.floor(sentAtMs / 864e5) * 864e5],
  );
  assert.ok(real.messages.length > 80, `only ${real.messages.length} samples`);
  assert.ok(days.some((day) => day < parseDate('1 Jan 2003 00:00 +0000')!));
  await compareWithModel(real, words, days, 120);
});

async function compareWithModel(
  within: TestFolder,
  words: readonly string[],
  days: readonly number[],
  numRuns: number,
): Promise<void> {
  const { messages } = within;
  const saved = new Set(messages.filter(({ seq }) => seq % 4 === 0).map(({ entry }) => entry.uid));
  const ranges = [...saved].map((uid) => ({ first: uid, last: uid }));
  const keys = searchKeys(
    words,
    days,
    messages.map(({ bytes }) => emailId(bytes)),
  );
  let hits = 0;
  await fc.assert(
    fc.asyncProperty(keys, async (key) => {
      const scope = within.scope({ saved: ranges });
      const expected = modelSearch(key, messages, saved);
      hits += expected.length;
      const plan = compileSearch(key, scope);
      const all = await runSearch(plan, scope);
      assert.deepEqual(all.seqs, expected);
      for (const limit of [1, 3]) {
        const first = await runSearch(plan, scope, { first: limit });
        assert.deepEqual(first.seqs, expected.slice(0, limit));
        const last = await runSearch(plan, scope, { last: limit });
        assert.deepEqual(last.seqs, expected.slice(-limit));
      }
      const ends = [...new Set([...expected.slice(0, 1), ...expected.slice(-1)])];
      assert.deepEqual((await runSearch(plan, scope, 'ends')).seqs, ends);
      const modSeqs = expected.map((seq) => messages[seq - 1]!.entry.modSeq);
      assert.deepEqual(all.modSeqs, plan.reportsModSeq ? modSeqs : undefined);
    }),
    { numRuns },
  );
  assert.ok(hits > numRuns, `random searches found only ${hits} messages`);
}

/** A scope that notes what is read: uids by the columns asked for. */
function watched(changes: Partial<SearchScope> = {}): { scope: SearchScope; read: string[] } {
  const read: string[] = [];
  const { mailbox } = folder;
  const spy: SearchScope['mailbox'] = {
    entries: async (query) => {
      const entries = await mailbox.entries(query);
      const columns = Object.keys(query.columns).join('+') || 'state';
      for (const { uid } of entries) read.push(`${columns} ${uid}`);
      return entries;
    },
    contentBytes: (contentId, start, end) => {
      read.push('bytes');
      return mailbox.contentBytes(contentId, start, end);
    },
  };
  return { scope: folder.scope({ mailbox: spy, ...changes }), read };
}

test('no more is read than the verdict needs', async () => {
  const none = watched();
  await find('ALL 2:5 NOT UID 3 RECENT', none.scope);
  assert.deepEqual(none.read, []);
  const bounded = watched();
  const first = folder.messages[0]!.entry.uid;
  await find(`UID ${first} OR SEEN LARGER 10`, bounded.scope);
  assert.deepEqual(bounded.read, [`state ${first}`]);
  const staged = watched();
  const uid = uidOf('base64Body');
  await find(`KEYWORD nosuch BODY x`, staged.scope);
  assert.ok(staged.read.every((one) => one.startsWith('state ')));
  staged.read.length = 0;
  await find(`TEXT "subject: base64" UID ${uid}`, staged.scope);
  assert.deepEqual(staged.read, [`state ${uid}`, `head ${uid}`]);
  staged.read.length = 0;
  await find(`UID ${uid} OR FROM b@example.org BODY übermut`, staged.scope);
  assert.deepEqual(staged.read, [`state ${uid}`, `head ${uid}`]);
  const large = watched();
  await find(`UID ${uidOf('largeAttachment')} BODY nowhere`, large.scope);
  assert.equal(large.read.filter((one) => one === 'bytes').length, 1);
  const far = watched();
  await find('SENTSINCE 1-Jan-2020', far.scope);
  assert.ok(far.read.every((one) => !one.startsWith('head')));
  const id = emailId(folder.messages[0]!.bytes);
  const byId = watched();
  await find(`UID ${first} EMAILID ${id} SUBJECT nosuch`, byId.scope);
  assert.deepEqual(byId.read, [`state ${first}`, `content+subject+hash ${first}`]);
  const recent = watched();
  const { modSeq } = folder.messages.at(-2)!.entry;
  assert.deepEqual(await find(`MODSEQ ${modSeq}`, recent.scope), [
    folder.messages.length - 1,
    folder.messages.length,
  ]);
  assert.equal(recent.read.length, 2);
});

test('messages that are gone are not found, and those not told of neither', async () => {
  const { uids } = folder.scope();
  const some = Array.from(uids).slice(0, 6);
  const known = [...some, 9999 as Uid];
  const scope = folder.scope({ uids: known });
  const only = async (text: string): Promise<number> => (await find(text, scope)).length;
  assert.equal(await only('OR SEEN UNSEEN'), some.length);
  assert.equal(await only('NOT KEYWORD nosuch'), some.length);
  assert.equal(await only('NOT BODY nowhere'), some.length);
  const gone = folder.scope({ uids: known, isGone: (uid) => uid === 9999 || uid === some[1] });
  assert.deepEqual(await find('ALL', gone), [1, 3, 4, 5, 6]);
  assert.deepEqual(await find('1:3 SUBJECT ""', gone), [1, 3]);
  const passesOver = async (text: string, of = gone): Promise<boolean> =>
    (await runSearch(compileSearch(keyOf(text), of), of)).passedOver;
  assert.ok(await passesOver('ALL'));
  assert.ok(await passesOver('1:3 UNSEEN'));
  assert.ok(!(await passesOver('3:6 BODY "x"')), 'they were not asked for');
  assert.ok(await passesOver('LARGER 0', scope), 'found out by reading');
  assert.ok(!(await passesOver('1:6 LARGER 0', scope)));
});

test('nothing to search', async () => {
  const scope = folder.scope({ uids: [] });
  for (const text of ['ALL', '1:*', 'UID 1:*', 'UID *', 'NOT $', 'UNSEEN', 'BODY x'])
    assert.deepEqual(await find(text, scope), []);
  const plan = compileSearch(keyOf('MODSEQ 1'), scope);
  for (const goal of ['all', { first: 1 }, { last: 5 }, 'ends'] as const)
    assert.deepEqual(await runSearch(plan, scope, goal), {
      seqs: [],
      modSeqs: [],
      passedOver: false,
    });
});

test('more entries in the store than the view knows do not end the reading early', async () => {
  const { uids } = folder.scope();
  const odd = Array.from(uids).filter((_uid, index) => index % 3 === 0);
  const scope = folder.scope({ uids: odd });
  assert.equal((await find('OR SEEN UNSEEN', scope)).length, odd.length);
});

test('a peer that is gone ends the search', async () => {
  let turns = 0;
  const { scope, read } = watched({
    checkPeer: () => {
      turns++;
      throw new PosthornError('connection-closed');
    },
  });
  await assert.rejects(find('BODY nowhere', scope), { code: 'connection-closed' });
  assert.equal(turns, 1);
  assert.ok(!read.includes(`structure+body ${folder.messages.at(-1)!.entry.uid}`));
});

test('MIN and MAX report the mod-sequence of what they found', async () => {
  const scope = folder.scope();
  const plan = compileSearch(keyOf('MODSEQ 1 OR SEEN UNSEEN'), scope);
  const modSeqOf = (at: number): ModSeq => folder.messages.at(at)!.entry.modSeq;
  const reported = async (option: 'MIN' | 'MAX'): Promise<readonly ModSeq[] | undefined> =>
    (await runSearch(plan, scope, goalOf({ returnOptions: new Set([option]) }))).modSeqs;
  assert.deepEqual(await reported('MIN'), [modSeqOf(0)]);
  assert.deepEqual(await reported('MAX'), [modSeqOf(-1)]);
});
