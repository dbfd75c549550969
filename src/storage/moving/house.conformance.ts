/** Stores to move from and to: what is put into them, and all there is to see of one. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock, TestClock } from '#kernel';
import {
  type Content,
  Flag,
  type MailboxId,
  type ModSeq,
  SERVER_ID,
  type TrackingEvent,
} from '#model';
import type { Engine } from '#storage';
import { FileBlobs } from '#storage/blobs';
import {
  type MoveSource,
  type MoveTarget,
  moveStore,
  openPostgresSource,
  openPostgresTarget,
  openSqliteSource,
  openSqliteTarget,
} from '#storage/moving';
import { PostgresEngine } from '#storage/postgres';
import { DATABASE_FILE, openSqlite } from '#storage/sqlite';
import type { TestDatabase } from '../../../test/postgres/database.ts';
import {
  ALL,
  addBox,
  Box,
  blobContent,
  cleanUpAll,
  contentOf,
  ranges,
  run,
  trackingEvent,
} from '../conformance/fixture.conformance.ts';

/** Where a store is, or may be. */
export interface Place {
  /** The database, where it is a file. */
  readonly file?: string;
  /** Writes past the engine, where it is a schema. */
  readonly write?: (sql: string) => Promise<void>;
  open(): Promise<Engine>;
  source(): Promise<MoveSource>;
  target(): Promise<MoveTarget>;
}

function directory(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-move-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function sqlitePlace(t: TestContext): Place {
  const dir = directory(t);
  return {
    file: join(dir, DATABASE_FILE),
    open: async () => openSqlite(dir, new TestClock()),
    source: async () => openSqliteSource(dir),
    target: async () => openSqliteTarget(dir),
  };
}

export function postgresPlace(t: TestContext, database: TestDatabase): Place {
  const url = database.freshSchemaUrl();
  const blobs = new FileBlobs(join(directory(t), 'blobs'));
  const time = new TestClock();
  const clock = { ...systemClock, now: () => time.now() };
  return {
    write: async (sql) => {
      const { searchParams } = new URL(url);
      await database.execute(`SET search_path = ${searchParams.get('schema')}; ${sql}`);
    },
    open: () => PostgresEngine.open({ url, blobs, clock, blobGraceMs: 0 }),
    source: () => openPostgresSource({ url, blobs, clock: systemClock }),
    target: () => openPostgresTarget({ url, blobs, clock: systemClock }),
  };
}

/** Moves a store that nobody writes to. */
export async function moveQuiet(from: Place, to: Place): Promise<void> {
  await using source = await from.source();
  await using target = await to.target();
  await moveStore({ source, target, clock: systemClock, pause: still, rowsAtOnce: 9 });
}

/** The pause of a store that nobody writes to. */
export async function still(): Promise<AsyncDisposable> {
  return { [Symbol.asyncDispose]: async () => {} };
}

const WIRE = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));

/** A content with 8-bit bytes and NUL wherever there may be some. */
export function oddContent(text: string): Content {
  const plain = contentOf(text);
  return {
    ...contentOf(`${text} \0 \u00e9 "quoted\\" {1,NULL}`),
    envelope: `("${WIRE}")`,
    bodyStructure: WIRE,
    bodyShort: `short ${WIRE}`,
    structure: `structure ${WIRE}`,
    messageId: `<\0${text}@example.test>`,
    sentAtMs: plain.sentAtMs! - 2_000_000_000_000,
  };
}

/** A content of nothing but a head. */
function emptyContent(): Content {
  const content = contentOf('empty');
  return {
    ...content,
    body: { kind: 'bytes', bytes: Buffer.alloc(0) },
    hash: createHash('sha256').update(content.head).digest(),
    sizeBytes: content.head.length,
    messageId: undefined,
    sentAtMs: undefined,
  };
}

/** Fills a store with one of everything that is hard to move. Gives mailboxes for further commands. */
export async function furnish(engine: Engine): Promise<readonly [Box, Box]> {
  const [a, b] = [await addBox(engine), await addBox(engine, 50_000_000)];
  const gone = await addBox(engine);
  await run(engine, { kind: 'add-domain', domain: 'other.test' });
  const [one, two] = [a.mailboxId, b.mailboxId];
  for (const address of ['proxy@other.test', '\u00e9\ud83d\ude00@other.test'])
    await run(engine, { kind: 'change-address', mailboxId: one, address, on: true });
  const verifiers = { argon2id: '$argon2id$v=19$x', scramSha256: 'SCRAM-SHA-256$1:x$y:z' };
  await run(engine, { kind: 'set-verifiers', mailboxId: two, verifiers });
  const deep = await a.create('A/B/C/\ud83d\ude00\u00e9/D');
  const junk = await a.create('Junk', '\\Junk');
  await run(engine, { kind: 'subscribe', mailboxId: one, name: 'nowhere/at all', on: true });

  const contents = [
    contentOf('shared'),
    oddContent('odd'),
    await blobContent(engine, 'blob', Buffer.alloc(1_500_000, 'blob ')),
    emptyContent(),
  ];
  const keywords = ['$Label1', 'ReD', 'blue'];
  const targets = [
    a.target({ keywords, flags: Flag.Seen }),
    a.target({ folderId: deep, keywords: ['RED'] }),
    b.target({ keywords: ['BLUE'], flags: Flag.Deleted }),
    ...[1, 2, 3].map((content) => a.target({ content, internalMs: -86_400_000 })),
    b.target({ content: 2 }),
  ];
  const tracking = tracks(30);
  await run(engine, { kind: 'ingest', contents, targets, tracking });
  await gone.deliver(2);
  await a.deliver(40, { folderId: junk });
  for (const uid of [3, 4, 9, 10, 11, 30])
    await run(engine, {
      kind: 'expunge',
      ...a.ref(junk),
      uids: ranges([uid, uid]),
      onlyDeleted: false,
    });
  const copy = { kind: 'copy', uids: ranges([2, 20]), ...a.ref(junk) } as const;
  await run(engine, { ...copy, to: a.ref(deep), move: false });
  await run(engine, { ...copy, to: b.ref(), move: true });
  await run(engine, { kind: 'claim-recent', ...a.ref() });
  const value = Buffer.from(WIRE, 'latin1');
  const annotated = { kind: 'set-annotations', viewerId: two } as const;
  await run(engine, {
    ...annotated,
    ...a.ref(deep),
    shared: [
      { entry: '/shared/comment', value },
      { entry: '/shared/vendor/x', value: Buffer.alloc(0) },
    ],
    own: [{ entry: '/private/comment', value }],
  });
  await run(engine, {
    kind: 'set-server-annotations',
    viewerId: one,
    shared: ['admin', 'comment'].map((name) => ({ entry: `/shared/${name}`, value })),
    own: [{ entry: '/private/comment', value }],
  });
  await run(engine, {
    kind: 'set-quota',
    mailboxId: one,
    quotaBytes: 2 ** 45,
    quotaMessages: 5000,
  });
  await run(engine, { kind: 'remove-mailbox', mailboxId: gone.mailboxId });
  // So that the log does not reach back to the beginning.
  await cleanUpAll(engine, 6);
  await a.deliver(3, { keywords: ['red'] }, 'late');
  return [a, b];
}

function tracks(count: number): TrackingEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    ...trackingEvent(`S${index}`),
    atMs: 1_000 + Math.floor(index / 3),
    subject: `"${index}" \0 \\ \u00e9, {NULL}`,
  }));
}

const ALL_ANNOTATIONS = { entries: ['/shared', '/private'], depth: 'infinity' } as const;

const COLUMNS = {
  envelope: true,
  bodyStructure: true,
  bodyShort: true,
  structure: true,
  preview: true,
  head: true,
  body: true,
  hash: true,
  content: true,
  subject: true,
} as const;

/**
 * Everything that can be read of a store, less how it numbers its contents. PostgreSQL keeps no NUL in texts: it is the same as U+FFFD here.
 */
export async function portrait({ read }: Engine): Promise<unknown> {
  const mailboxes = await read.mailboxes(0 as MailboxId, 1e6);
  const { contents: _contents, ...counts } = await read.counts();
  const rooms: unknown[] = [];
  for (const { mailboxId } of mailboxes) {
    const folders = await read.folders(mailboxId);
    const shown: unknown[] = [];
    for (const folder of folders) {
      const entries = await read.entries({ ...folder, uids: ALL, columns: COLUMNS, limit: 1e6 });
      for (const { contentId, ...entry } of entries)
        shown.push({
          ...entry,
          preview: entry.preview!.replaceAll('\0', '\ufffd'),
          subject: entry.subject!.replaceAll('\0', '\ufffd'),
          bytes: await read.contentBytes(mailboxId, contentId, 0, entry.sizeBytes),
        });
      shown.push(await read.openFolder(folder));
      // Each modseq there was, or some of very many.
      const step = Math.ceil((folder.highestModSeq + 1) / 25);
      for (let since = 0; since <= folder.highestModSeq; since += step)
        shown.push(await read.changes(folder, since as ModSeq));
    }
    const login = await read.login(mailboxId);
    const subscriptions = await read.subscriptions(mailboxId);
    const annotations = [];
    for (const viewerId of [mailboxId, ...mailboxes.slice(0, 2).map((each) => each.mailboxId)])
      for (const folderId of [undefined, SERVER_ID])
        annotations.push(
          await read.annotations({ mailboxId, folderId, viewerId, ...ALL_ANNOTATIONS }),
        );
    rooms.push({ login, subscriptions, folders, shown, annotations });
  }
  const addresses = mailboxes.flatMap((mailbox) => mailbox.addresses);
  const leads = addresses.map((address) => read.addressTarget(address.split('@')[1]!, address));
  return {
    mailboxes,
    counts,
    rooms,
    leads: await Promise.all(leads),
    domains: await read.domains(),
    serverAnnotations: await read.serverAnnotations(ALL_ANNOTATIONS),
    tracking: (await read.tracking(1e6)).map((event) => ({
      ...event,
      subject: event.subject.replaceAll('\0', '\ufffd'),
    })),
  };
}

/** Changes a furnished store in every way that a move has to follow. */
export async function meddle(engine: Engine): Promise<void> {
  const [first, second] = await engine.read.mailboxes(0 as MailboxId, 2);
  const box = new Box(engine, first!.mailboxId);
  const other = new Box(engine, second!.mailboxId);
  const { mailboxId } = box;
  const junk = (await engine.read.folderByName(mailboxId, 'Junk'))!;
  const uids = (await box.uids(junk.folderId)).slice(0, 3);
  for (const uid of uids)
    await run(engine, {
      kind: 'expunge',
      ...box.ref(junk.folderId),
      uids: ranges([uid, uid]),
      onlyDeleted: false,
    });
  await run(engine, {
    kind: 'store-flags',
    ...box.ref(),
    uids: ALL,
    operation: 'replace',
    flags: Flag.Answered,
    keywords: ['$New', 'red'],
    unchangedSince: undefined,
  });
  // Names change hands, and a name comes back as another folder.
  for (const name of ['x', 'y']) if (!(await box.names()).includes(name)) await box.create(name);
  const [x, y] = await Promise.all(
    ['x', 'y'].map((name) => engine.read.folderByName(mailboxId, name)),
  );
  const rename = { kind: 'rename-folder' } as const;
  await run(engine, { ...rename, ...box.ref(x!.folderId), name: 'between' });
  await run(engine, { ...rename, ...box.ref(y!.folderId), name: 'x' });
  await run(engine, { ...rename, ...box.ref(x!.folderId), name: 'y' });
  await box.deliver(5, { folderId: x!.folderId });
  await run(engine, { kind: 'delete-folder', ...box.ref(y!.folderId) });
  await box.create('x');
  await other.deliver(4);
  // The log does not reach back to what was copied before.
  await cleanUpAll(engine, 1);
  // These leave the modseq alone.
  await run(engine, { kind: 'claim-recent', ...other.ref() });
  await run(engine, {
    kind: 'store-flags',
    ...other.ref(),
    uids: ranges([4_000_000, 4_000_000]),
    operation: 'add',
    flags: 0,
    keywords: ['$NobodyHasIt'],
    unchangedSince: undefined,
  });
  await annotateAnew(engine, box);
  await run(engine, {
    kind: 'set-quota',
    mailboxId: other.mailboxId,
    quotaBytes: undefined,
    quotaMessages: 900,
  });
  const gone = await addBox(engine);
  await gone.deliver(1);
}

/** Changes annotations, takes some away and adds others. */
async function annotateAnew(engine: Engine, box: Box): Promise<void> {
  const { mailboxId: viewerId } = box;
  const value = Buffer.from('anew');
  const shared = [
    { entry: '/shared/comment', value },
    { entry: '/shared/admin', value: undefined },
    { entry: '/shared/vendor/y', value },
  ];
  const own = [{ entry: '/private/comment', value: undefined }];
  await run(engine, { kind: 'set-server-annotations', viewerId, shared, own });
  for (const folder of await engine.read.folders(viewerId))
    await run(engine, {
      kind: 'set-annotations',
      ...box.ref(folder.folderId),
      viewerId,
      shared,
      own,
    });
}
