import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Directory } from '#directory';
import { isPosthornError, PosthornError, silentLogger, systemClock } from '#kernel';
import { Flag, UID_MAX, type Uid } from '#model';
import { type Entry, type Mailbox, Store } from '#store';
import { freshDirectory, openIn } from '../../storage/fresh.conformance.ts';
import type { AdminContext, Progress } from '../context.ts';
import { type ImportArgs, type ImportResult, importMessages } from './import.ts';

const FROM = 'From alice@example.test Sat Jan  3 00:00:00 2004\n';
const ADDRESS = 'alice@example.test';

interface House {
  readonly dir: string;
  readonly context: AdminContext;
  readonly mailbox: Mailbox;
  readonly progress: Progress[];
  write(name: string, text: string | Buffer): string;
  run(args: Omit<ImportArgs, 'address'>, signal?: AbortSignal): Promise<ImportResult>;
  read(folder?: string): Promise<readonly (Entry & { readonly text: string })[]>;
}

async function house(t: TestContext): Promise<House> {
  const dir = freshDirectory(t, async () => {
    store[Symbol.dispose]();
    await engine[Symbol.asyncDispose]();
  });
  mkdirSync(join(dir, 'data'));
  const engine = await openIn(join(dir, 'data'), systemClock);
  const store = new Store(engine, silentLogger);
  const directory = new Directory(engine, { clock: systemClock });
  await directory.addDomain('example.test');
  const { mailboxId } = await directory.addMailbox(ADDRESS, { password: 'x' });
  // Moves are tested where they are made.
  const move = () => Promise.reject(new PosthornError('invalid'));
  const context = { directory, store, host: undefined, clock: systemClock, move };
  const mailbox = store.openMailbox(mailboxId, 'test');
  const progress: Progress[] = [];
  return {
    dir,
    context,
    mailbox,
    progress,
    write(name, text) {
      const path = join(dir, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, typeof text === 'string' ? 'latin1' : undefined);
      return path;
    },
    run: (args, signal = new AbortController().signal) =>
      importMessages(
        context,
        { address: ADDRESS, ...args },
        { onProgress: (p) => progress.push(p), signal },
      ),
    read: (folder = 'INBOX') => readFolder(mailbox, folder),
  };
}

async function readFolder(mailbox: Mailbox, name: string): Promise<(Entry & { text: string })[]> {
  const folder = await mailbox.folderByName(name);
  assert.ok(folder !== undefined, `the folder ${name} is there`);
  const entries = await mailbox.entries({
    folderId: folder.folderId,
    uids: [[1 as Uid, UID_MAX as Uid]],
    columns: { hash: true },
    limit: 1_000_000,
  });
  const read = entries.map(async (entry) => {
    const bytes = await mailbox.contentBytes(entry.contentId, 0, entry.sizeBytes);
    return { ...entry, text: bytes!.toString('latin1') };
  });
  return await Promise.all(read);
}

async function problemsOf({ context }: House): Promise<string[]> {
  const problems: string[] = [];
  for await (const { text } of context.store.check()) problems.push(text);
  return problems;
}

test('mbox: bytes with CRLF, flags of the header, the date of the From_ line', async (t) => {
  const h = await house(t);
  const path = h.write(
    'mbox',
    `${FROM}Subject: a\nStatus: RO\nX-Status: AF\nX-Keywords: work $Later\n\n>From me\n\n${FROM}Subject: b\n\nb`,
  );
  const result = await h.run({ source: { kind: 'mbox', path } });
  assert.deepEqual([result.imported, result.present, result.skipped], [2, 0, 0]);
  const [a, b] = await h.read();
  assert.equal(
    a!.text,
    'Subject: a\r\nStatus: RO\r\nX-Status: AF\r\nX-Keywords: work $Later\r\n\r\nFrom me\r\n',
  );
  assert.equal(b!.text, 'Subject: b\r\n\r\nb');
  assert.equal(a!.flags, Flag.Seen | Flag.Answered | Flag.Flagged);
  assert.deepEqual(a!.keywords.split(' ').sort(), ['$Later', 'work']);
  assert.equal(b!.flags, 0);
  assert.equal(a!.internalMs, Date.UTC(2004, 0, 3));
  const last = h.progress.at(-1)!;
  assert.deepEqual([last.done, last.messages], [last.total, 2]);
  assert.equal(last.total, readFileSync(path).length);
});

test('run again nothing is doubled, and what was added to the source comes', async (t) => {
  const h = await house(t);
  const text = `${FROM}S: same\n\nx\n\n${FROM}S: same\n\nx\n\n${FROM}S: other\n\nx\n\n`;
  const path = h.write('mbox', text);
  const source = { kind: 'mbox', path } as const;
  assert.equal((await h.run({ source })).imported, 3, 'real duplicates are kept');
  const again = await h.run({ source });
  assert.deepEqual([again.imported, again.present], [0, 3]);
  h.write('mbox', `${text}${FROM}S: same\n\nx\n\n${FROM}S: new\n\nx\n`);
  const grown = await h.run({ source });
  assert.deepEqual([grown.imported, grown.present], [2, 3]);
  assert.equal((await h.read()).length, 5);
  const elsewhere = await h.run({ source, folder: 'Old/2004' });
  assert.deepEqual([elsewhere.imported, elsewhere.present], [5, 0]);
  assert.ok((await h.mailbox.subscriptions()).includes('Old/2004'));
  assert.deepEqual(await problemsOf(h), []);
});

test('an import that is stopped half-way goes on where it was', async (t) => {
  const h = await house(t);
  const messages = Array.from(
    { length: 950 },
    (_x, i) => `${FROM}S: ${i % 900}\n\n${'body '.repeat(400)}\n\n`,
  );
  const path = h.write('mbox', messages.join(''));
  const stop = new AbortController();
  const stopping = importMessages(
    h.context,
    { address: ADDRESS, source: { kind: 'mbox', path } },
    { signal: stop.signal, onProgress: ({ messages }) => messages > 300 && stop.abort() },
  );
  await assert.rejects(
    stopping,
    (error) =>
      isPosthornError(error, 'shutting-down') && /\d+ messages were imported/.test(error.message),
  );
  const before = (await h.read()).length;
  assert.ok(before > 0 && before < 950, `${before} are there`);
  const result = await h.run({ source: { kind: 'mbox', path } });
  assert.deepEqual([result.imported + before, result.present], [950, before]);
  const subjects = (await h.read()).map(({ text }) => text.slice(0, text.indexOf('\r')));
  assert.equal(subjects.length, 950);
  assert.equal(new Set(subjects).size, 900);
  assert.deepEqual(await problemsOf(h), []);
});

test('large messages are streamed; those that are there leave no file behind', async (t) => {
  const h = await house(t);
  const large = `Subject: large\n\n${`${'z'.repeat(70)}\n`.repeat(20_000)}`;
  const path = h.write('mbox', `${FROM}${large}\n${FROM}S: small\n\nx\n`);
  const blobs = (): string[] =>
    readdirSync(join(h.dir, 'data', 'blobs'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.includes('/'),
    );
  assert.equal((await h.run({ source: { kind: 'mbox', path } })).imported, 2);
  const before = blobs();
  assert.equal(before.length, 1);
  assert.equal((await h.run({ source: { kind: 'mbox', path } })).present, 2);
  assert.deepEqual(blobs(), before);
  assert.equal((await h.read())[0]!.text, large.replaceAll('\n', '\r\n'));
});

test('Maildir: flags, keywords, dates, order, subfolders', async (t) => {
  const h = await house(t);
  const put = (name: string, text: string, second: number): void =>
    utimesSync(h.write(`md/${name}`, text), second, second);
  put('cur/1000000002.b.host:2,S', 'S: second\n\nx\n', 1_000_000_002);
  put('cur/1000000010.c.host:2,DFRSTPb', 'S: third\n\nx\n', 1_000_000_010);
  put('new/1000000001.a.host', 'S: first\n\nx\n', 1_000_000_001);
  put('.Sent.J&APw-rgen/cur/1.x:2,', 'S: sent\r\n\r\nx\r\n', 5);
  put('tmp/unfinished', 'S: no\n\n', 5);
  h.write('md/dovecot-keywords', '0 zero\n1 one\n');
  mkdirSync(join(h.dir, 'md/.Empty/cur'), { recursive: true });
  const result = await h.run({ source: { kind: 'maildir', path: join(h.dir, 'md') } });
  assert.equal(result.imported, 4);
  const inbox = await h.read();
  assert.deepEqual(
    inbox.map(({ text, internalMs }) => [text, internalMs]),
    [
      ['S: first\r\n\r\nx\r\n', 1_000_000_001_000],
      ['S: second\r\n\r\nx\r\n', 1_000_000_002_000],
      ['S: third\r\n\r\nx\r\n', 1_000_000_010_000],
    ],
  );
  assert.deepEqual(
    inbox.map(({ flags }) => flags),
    [0, Flag.Seen, 31],
  );
  assert.deepEqual(inbox[2]!.keywords.split(' ').sort(), ['$Forwarded', 'one']);
  assert.equal((await h.read('Sent/Jürgen'))[0]!.text, 'S: sent\r\n\r\nx\r\n');
  assert.equal((await h.read('Empty')).length, 0);
  assert.equal((await h.run({ source: { kind: 'maildir', path: join(h.dir, 'md') } })).imported, 0);
  await h.run({ source: { kind: 'maildir', path: join(h.dir, 'md') }, folder: 'Old' });
  assert.equal((await h.read('Old')).length, 3);
  assert.equal((await h.read('Old/Sent/Jürgen')).length, 1);
});

test('eml: dates of Received, of Date, of the file; what is no message is skipped with the reason', async (t) => {
  const h = await house(t);
  const stamp = 'Received: from a by b; Mon, 5 Jan 2004 10:00:00 +0100\n';
  const paths = [
    h.write('1.eml', `${stamp}Received: from c by a; Mon, 5 Jan 2004 09:00:00 +0100\n\nx\n`),
    h.write('2.eml', 'Date: Tue, 6 Jan 2004 10:00:00 +0000\n\nx\n'),
    h.write('3.eml', 'S: undated\n\nx\n'),
    h.write('4.eml', ''),
    h.write('5.eml', Buffer.from([0x1f, 0x8b, 8, 0])),
    h.write('6.eml', '{\n  "name": "no mail"\n}\n'),
  ];
  utimesSync(paths[2]!, 77, 77);
  const result = await h.run({ source: { kind: 'eml', paths }, folder: 'inbox' });
  assert.deepEqual(
    (await h.read()).map(({ internalMs }) => internalMs),
    [Date.UTC(2004, 0, 5, 9), Date.UTC(2004, 0, 6, 10), 77_000],
  );
  assert.equal(result.skipped, 3);
  assert.deepEqual(result.skippedWhy, [
    { where: paths[3], reason: 'the file is empty' },
    { where: paths[4], reason: 'it is compressed (gzip): unpack it first' },
    { where: paths[5], reason: 'it is not a message: no header field is near its beginning' },
  ]);
});

test('an empty mbox is an mbox; a record of the mail program is no message', async (t) => {
  const h = await house(t);
  const empty = await h.run({ source: { kind: 'mbox', path: h.write('empty', '') } });
  assert.deepEqual([empty.imported, empty.skipped], [0, 0]);
  const record = `${FROM}X-IMAP: 1 2\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n\nx\n\n`;
  const path = h.write('record', `${record}${FROM}S: a\n\na\n`);
  const result = await h.run({ source: { kind: 'mbox', path } });
  assert.deepEqual([result.imported, result.skipped], [1, 1]);
  assert.match(result.skippedWhy[0]!.reason, /own record/);
});

test('what cannot be read is one clear error, and nothing is imported', async (t) => {
  const h = await house(t);
  const good = h.write('good.eml', 'S: a\n\nx\n');
  const cases: readonly (readonly [ImportArgs['source'], RegExp])[] = [
    [{ kind: 'mbox', path: join(h.dir, 'gone') }, /gone: there is no such file/],
    [{ kind: 'mbox', path: good }, /not an mbox file/],
    [
      { kind: 'mbox', path: h.write('letter', 'From the desk of Bob\n\nHello\n') },
      /not an mbox file/,
    ],
    [{ kind: 'mbox', path: h.dir }, /is a directory: import it with --maildir/],
    [{ kind: 'mbox', path: '/dev/null' }, /not a plain file/],
    [{ kind: 'maildir', path: good }, /is a file: import it with --mbox/],
    [{ kind: 'maildir', path: h.dir }, /is not a Maildir/],
    [{ kind: 'eml', paths: [good, join(h.dir, 'gone')] }, /gone: there is no such file/],
    [{ kind: 'eml', paths: [good, h.dir] }, /is a directory/],
  ];
  for (const [source, message] of cases)
    await assert.rejects(h.run({ source, folder: 'New' }), message);
  assert.equal(await h.mailbox.folderByName('New'), undefined);
  await assert.rejects(
    h.run({ source: { kind: 'eml', paths: [good] }, folder: 'a//b' }),
    /empty level/,
  );
  await assert.rejects(
    importMessages(
      h.context,
      { address: 'nobody@example.test', source: { kind: 'eml', paths: [good] } },
      { onProgress: () => {}, signal: new AbortController().signal },
    ),
    /no mailbox has the address nobody@example.test/,
  );
});

test('two imports into one mailbox do not run at once', async (t) => {
  const h = await house(t);
  const path = h.write('mbox', `${FROM}S: a\n\nx\n`.repeat(50));
  const both = await Promise.allSettled([
    h.run({ source: { kind: 'mbox', path } }),
    h.run({ source: { kind: 'mbox', path } }),
  ]);
  const failed = both.filter((one) => one.status === 'rejected');
  assert.equal(failed.length, 1);
  assert.ok(isPosthornError(failed[0]!.reason, 'too-busy'));
  assert.equal((await h.read()).length, 50);
});

test('a message with a binary part is there once, however often it is imported', async (t) => {
  const h = await house(t);
  const paths = [100, 300_000].map((size) =>
    h.write(`${size}.eml`, `Content-Transfer-Encoding: binary\r\n\r\n${'\0'.repeat(size)}`),
  );
  const source = { kind: 'eml', paths } as const;
  const first = await h.run({ source });
  assert.deepEqual([first.imported, first.present], [2, 0]);
  const second = await h.run({ source });
  assert.deepEqual([second.imported, second.present], [0, 2]);
  const entries = await h.read();
  assert.equal(entries.length, 2);
  for (const { text } of entries)
    assert.match(text, /^Content-Transfer-Encoding: base64\r\n\r\nAAAA/);
  assert.deepEqual(await problemsOf(h), []);
});

const CORPUS = resolve(import.meta.dirname, '../../../../shared/corpora/spamassassin');

test('all mails of the corpus, twice: each is there once, byte for byte', {
  skip: existsSync(CORPUS) ? false : 'the corpora are not here',
}, async (t) => {
  const h = await house(t);
  const paths = readdirSync(CORPUS, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.eml'))
    .map((name) => join(CORPUS, name))
    .sort();
  const source = { kind: 'eml', paths } as const;
  const first = await h.run({ source });
  assert.deepEqual([first.imported, first.present, first.skipped], [paths.length, 0, 0]);
  const second = await h.run({ source });
  assert.deepEqual([second.imported, second.present], [0, paths.length]);
  const entries = await h.read();
  assert.equal(entries.length, paths.length);
  entries.forEach((entry, index) => {
    const crlf = readFileSync(paths[index]!, 'latin1').replace(/\r?\n/g, '\r\n');
    assert.deepEqual(
      entry.hash,
      createHash('sha256').update(crlf, 'latin1').digest(),
      paths[index]!,
    );
    assert.ok(entry.text === crlf, paths[index]!);
  });
  assert.deepEqual(await problemsOf(h), []);
});
