import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { TestClock } from '#kernel';
import type { FolderId, MailboxId, Uid } from '#model';
import type { Mailbox } from '#store';
import type { ImapClient } from '../../../../test/clients/imap.ts';
import { fill, mail, type Stand, stand, USER } from '../stand.test.ts';
import { KeptAnswers } from './kept-answers.ts';

const BOB = 'bob@example.test';

/** A server that counts how often entries are read. */
async function counted(t: TestContext): Promise<Stand & { readonly reads: () => number }> {
  let reads = 0;
  const mailbox = (real: Mailbox): Mailbox =>
    new Proxy(real, {
      get(target, name) {
        if (name === 'entries') reads++;
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const made = await stand(t, { mailbox });
  return {
    ...made,
    reads() {
      const before = reads;
      reads = 0;
      return before;
    },
  };
}

/** All that is answered to a FETCH, message by message. */
async function answers(client: ImapClient, set: string, items: string): Promise<unknown> {
  const fetched = await client.fetch(set, items, true);
  return fetched.map(({ seq, items: found }) => [
    seq,
    [...found].map(([name, value]) => [name, Buffer.isBuffer(value) ? String(value) : value]),
  ]);
}

test('asked again, all is answered as it was when it was read', async (t) => {
  const { open, reads } = await counted(t);
  const client = await open();
  await fill(client, 5);
  await client.append(
    'INBOX',
    Buffer.from('Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n\r\nGr\xfc\xdfe\r\n', 'latin1'),
  );
  await client.ok('SELECT INBOX');
  for (const items of [
    '(ENVELOPE)',
    '(FLAGS ENVELOPE BODYSTRUCTURE INTERNALDATE RFC822.SIZE)',
    '(BODY.PEEK[HEADER.FIELDS (SUBJECT)])',
    '(BODY.PEEK[HEADER.FIELDS (FROM)])',
    '(BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)] FLAGS)',
    '(BODY.PEEK[]<0.10>)',
    '(BODY.PEEK[]<0.11>)',
    '(BODY.PEEK[]<5.10> BODY.PEEK[1])',
    '(BODY.PEEK[2] BODY.PEEK[9.MIME])',
    '(PREVIEW EMAILID THREADID SAVEDATE BODY)',
    '(BINARY.PEEK[1] BINARY.SIZE[1])',
    '(MODSEQ RFC822.HEADER)',
  ]) {
    reads();
    const first = await answers(client, '1:*', items);
    assert.ok(reads() > 0, items);
    assert.deepEqual(await answers(client, '1:*', items), first, items);
    assert.ok(reads() > 0, items);
    assert.deepEqual(await answers(client, '1:*', items), first, items);
    assert.deepEqual(
      await answers(client, '6,2:3', items),
      (first as unknown[]).filter((_, n) => [1, 2, 5].includes(n)),
    );
    assert.equal(reads(), 0, items);
  }
});

function subjectOf(items: ReadonlyMap<string, unknown>): string {
  return String((items.get('ENVELOPE') as readonly unknown[])[1]);
}

/** Asks until the answer is kept. */
async function keep(client: ImapClient, set: string, items: string): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await client.ok(`UID FETCH ${set} ${items}`);
}

test('what may change is read all the same: flags, keywords, mod-sequences', async (t) => {
  const { open, reads } = await counted(t);
  const client = await open();
  await fill(client, 3);
  await client.ok('SELECT INBOX');
  const other = await open('SELECT INBOX');
  const items = '(FLAGS ENVELOPE MODSEQ)';
  await keep(client, '1:*', items);
  const [first] = await client.fetch('2', 'MODSEQ');
  await other.ok('STORE 2 +FLAGS.SILENT (\\Flagged $Label)');
  await client.ok('NOOP');
  reads();
  const [, found] = await client.fetch('1:*', items);
  assert.deepEqual(found!.items.get('FLAGS'), ['\\Flagged', '\\Recent', '$Label']);
  assert.ok(Number(found!.items.get('MODSEQ')) > Number(first!.items.get('MODSEQ')));
  assert.equal(subjectOf(found!.items), 'message 2');
  const since = Number(first!.items.get('MODSEQ'));
  const changed = await client.fetch('1:*', `${items} (CHANGEDSINCE ${since})`, true);
  assert.ok(changed.some(({ seq }) => seq === 2));
  await other.ok('STORE 3 +FLAGS.SILENT (\\Seen)');
  await client.ok('NOOP');
  const newest = Number(found!.items.get('MODSEQ'));
  const last = await client.fetch('1:*', `${items} (CHANGEDSINCE ${newest})`, true);
  assert.deepEqual(
    last.map(({ seq }) => seq),
    [3],
  );
  assert.equal(reads(), 0);
});

test('a message that is gone is not answered from what is kept', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, 3);
  await client.ok('SELECT INBOX');
  const other = await open('SELECT INBOX');
  await keep(client, '1:*', '(ENVELOPE)');
  await other.ok('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await other.ok('EXPUNGE');
  // By number, so that the client may not be told yet.
  const found = await client.ok('FETCH 1:* (ENVELOPE)');
  const seqs = found.untagged.flatMap((data) => (data.type === 'FETCH' ? [data.seq] : []));
  assert.deepEqual(seqs, [1, 3]);
});

test('messages that are not kept come between those that are, each once and in order', async (t) => {
  const { open, reads } = await counted(t);
  const client = await open();
  await fill(client, 150);
  await client.ok('SELECT INBOX');
  await keep(client, '1:70', '(ENVELOPE)');
  await keep(client, '100:130,140', '(ENVELOPE)');
  await fill(client, 2);
  reads();
  const found = await client.fetch('1:*', '(ENVELOPE)', true);
  assert.deepEqual(
    found.map(({ seq, items }) => [seq, subjectOf(items)]),
    Array.from({ length: 152 }, (_, n) => [n + 1, `message ${n < 150 ? n + 1 : n - 149}`]),
  );
  assert.ok(reads() > 0);
  const some = await client.fetch('150:152,3,1,120:121,75', '(ENVELOPE)', true);
  assert.deepEqual(
    some.map(({ seq }) => seq),
    [1, 3, 75, 120, 121, 150, 151, 152],
  );
});

test('a folder by the same name is another folder', async (t) => {
  const { open } = await stand(t);
  const client = await open('CREATE a');
  await client.append('a', mail('old'));
  await client.ok('SELECT a');
  await keep(client, '1', '(ENVELOPE)');
  await client.ok('CLOSE');
  await client.ok('DELETE a');
  await client.ok('CREATE a');
  await client.append('a', mail('new'));
  await client.ok('SELECT a');
  const [found] = await client.fetch('1', '(UID ENVELOPE)');
  assert.equal(found!.items.get('UID'), 1);
  assert.equal(subjectOf(found!.items), 'new');
});

test('who may not read a folder any more gets nothing of what is kept', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const anna = await open('CREATE a', `SETACL a ${BOB} lr`);
  await fill(anna, 2, 'a');
  await bob.ok(`SELECT "Other Users/${USER}/a"`);
  await keep(bob, '1:*', '(ENVELOPE)');
  await anna.ok(`DELETEACL a ${BOB}`);
  await assert.rejects(bob.ok('FETCH 1:* (ENVELOPE)'), /may not be read any more/);
});

test('reading a body sets \\Seen and tells it, kept or not', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, 2);
  await client.ok('SELECT INBOX');
  await keep(client, '1:*', '(BODY.PEEK[TEXT])');
  const [read] = await client.fetch('1', '(BODY[TEXT])', true);
  assert.deepEqual(read!.items.get('FLAGS'), ['\\Seen', '\\Recent']);
  assert.equal(String(read!.items.get('BODY[TEXT]')), 'This is message 1.\r\n');
  const [again] = await client.fetch('1', '(BODY[TEXT])', true);
  assert.equal(again!.items.get('FLAGS'), undefined);
});

test('a part that cannot be decoded is refused each time', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  const odd =
    'Subject: x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: x-odd\r\n\r\nodd\r\n';
  await client.append('INBOX', Buffer.from(odd));
  await client.ok('SELECT INBOX');
  for (let turn = 0; turn < 4; turn++) {
    const { status, codeText } = await client.command('FETCH 1 (ENVELOPE BINARY.PEEK[1])');
    assert.deepEqual([status, codeText], ['NO', 'UNKNOWN-CTE']);
  }
});

test('after ENABLE UIDONLY, and with quoted UTF-8, answers are written as the session wants them', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  const text = 'Subject: x\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\n';
  await client.append('INBOX', Buffer.from(text, 'latin1'));
  await client.ok('SELECT INBOX');
  const other = await open('ENABLE UTF8=ACCEPT UIDONLY', 'SELECT INBOX');
  for (let turn = 0; turn < 4; turn++) {
    const [plain] = await client.fetch('1', '(PREVIEW)');
    assert.equal(String(plain!.items.get('PREVIEW')), 'Grüße');
    const { untagged } = await other.ok('UID FETCH 1 (PREVIEW)');
    assert.match(JSON.stringify(untagged), /"UIDFETCH","number":1,"values":\[\["PREVIEW","Grüße"/);
  }
});

const FOLDER = { mailbox: { mailboxId: 1 as MailboxId }, uidValidity: 1 };
const folder = (folderId: number) => ({ ...FOLDER, folderId: folderId as FolderId });

/** Asks for answers of so many characters. */
function ask(kept: KeptAnswers, folderId: number, count: number, chars = 900): void {
  const answers = kept.of(folder(folderId), 'ENVELOPE');
  for (let uid = 1; uid <= count; uid++)
    if (answers.wants(uid as Uid, chars)) answers.keep(uid as Uid, `${uid} `.padEnd(chars, 'x'));
}

const sizeOf = (kept: KeptAnswers, folderId: number): number =>
  kept.of(folder(folderId), 'ENVELOPE').texts.size;

test('kept is what is asked for twice, and short', () => {
  const kept = new KeptAnswers(new TestClock());
  ask(kept, 1, 1000);
  assert.ok(sizeOf(kept, 1) < 10, 'the first time, only what looks like something else');
  ask(kept, 1, 1000);
  assert.equal(sizeOf(kept, 1), 1000);
  for (let turn = 0; turn < 3; turn++) ask(kept, 2, 10, 5000);
  assert.equal(sizeOf(kept, 2), 0);
  const long = kept.of(folder(3), `BODY[HEADER.FIELDS (${'A '.repeat(2000)})]`);
  for (let turn = 0; turn < 3; turn++) assert.ok(!long.wants(1 as Uid, 10));
});

test('when it takes too much, what was not asked for longest is forgotten, unless that was just now', () => {
  const clock = new TestClock();
  const kept = new KeptAnswers(clock);
  const full = (folderId: number): void => {
    for (let turn = 0; turn < 2; turn++) ask(kept, folderId, 10_000);
  };
  for (const folderId of [1, 2, 3, 4, 5, 6]) full(folderId);
  const before = kept.of(folder(1), 'ENVELOPE').texts;
  full(7);
  assert.ok(sizeOf(kept, 7) < 10_000, 'there is no room for all of it');
  for (const folderId of [1, 2, 3, 4, 5, 6]) assert.equal(sizeOf(kept, folderId), 10_000);
  clock.advance(61_000);
  for (const folderId of [2, 3, 4, 5, 6, 7]) kept.of(folder(folderId), 'ENVELOPE');
  full(8);
  assert.deepEqual(
    [2, 3, 4, 5, 6, 8].map((folderId) => sizeOf(kept, folderId)),
    Array.from({ length: 6 }, () => 10_000),
  );
  assert.equal(sizeOf(kept, 1), 0);
  assert.equal(before.size, 10_000, 'an answer that is being written still has it');
});

test('a folder that is too large for it is kept in part, as long as that is of use', () => {
  const kept = new KeptAnswers(new TestClock());
  for (let turn = 0; turn < 2; turn++) ask(kept, 1, 60_000);
  const size = sizeOf(kept, 1);
  assert.ok(size > 10_000 && size * 1000 <= 32 * 1024 * 1024, String(size));
  kept.of(folder(1), 'ENVELOPE').gave(size);
  for (let turn = 0; turn < 3; turn++) {
    ask(kept, 1, 60_000);
    kept.of(folder(1), 'ENVELOPE').gave(size);
  }
  assert.equal(sizeOf(kept, 1), size);
  // The messages that are kept are gone, and only others are asked for.
  for (let turn = 0; turn < 40; turn++) {
    const answers = kept.of(folder(1), 'ENVELOPE');
    for (let uid = 60_001; uid <= 70_000; uid++)
      if (answers.wants(uid as Uid, 900)) answers.keep(uid as Uid, 'x'.repeat(900));
  }
  assert.ok(kept.of(folder(1), 'ENVELOPE').texts.has(70_000 as Uid));
});
