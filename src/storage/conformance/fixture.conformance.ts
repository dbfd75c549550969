import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type ErrorCode, isPosthornError } from '#kernel';
import {
  type Content,
  type Folder,
  type FolderId,
  INBOX_ID,
  type MailboxId,
  type ModSeq,
  type SpecialUse,
  type SubmissionId,
  type TrackingEvent,
  UID_MAX,
  type Uid,
} from '#model';
import type { Command, CommandOf, IngestTarget, OutcomeOf, UidRanges } from '../commands.ts';
import type { Engine } from '../engine.ts';
import type { Entry, EntryColumns, Problem } from '../reads.ts';

/** Opens an engine over fresh, empty data; what it holds is released with the test. */
export type OpenEngine = (t: TestContext) => Promise<Engine>;

export const ALL: UidRanges = [[1 as Uid, UID_MAX as Uid]];

/** Ranges from plain numbers: `[1, 3], [7, 7]`. */
export function ranges(...pairs: readonly (readonly [number, number])[]): UidRanges {
  return pairs as unknown as UidRanges;
}

/** A content with a head and a body of text, its other properties made up from it. */
export function contentOf(text: string, sizeBytes = 0): Content {
  const head = Buffer.from(`Subject: ${text}\r\n\r\n`);
  const body = Buffer.alloc(Math.max(sizeBytes - head.length, text.length), `${text} `);
  return {
    head,
    body: { kind: 'bytes', bytes: body },
    hash: createHash('sha256').update(head).update(body).digest(),
    sizeBytes: head.length + body.length,
    envelope: `(NIL "${text}")`,
    bodyStructure: '("TEXT" "PLAIN")',
    bodyShort: '("TEXT")',
    structure: `structure of ${text}`,
    preview: `preview of ${text}`,
    subject: text,
    messageId: `<${text}@example.test>`,
    sentAtMs: 1_000_000,
  };
}

/** A content whose body is a blob of the engine, written and durable. */
export async function blobContent(
  engine: Engine,
  text: string,
  body: Uint8Array,
): Promise<Content> {
  await using writer = await engine.blobs.create();
  await writer.write(body);
  await writer.finish();
  const inline = contentOf(text);
  return {
    ...inline,
    body: { kind: 'blob', blob: writer.blob, sizeBytes: body.length },
    hash: createHash('sha256').update(inline.head).update(body).digest(),
    sizeBytes: inline.head.length + body.length,
  };
}

export function trackingEvent(id: string): TrackingEvent {
  return {
    atMs: 1,
    event: 'RECEIVE',
    source: 'SMTP',
    submissionId: id as SubmissionId,
    messageId: '<m@example.test>',
    sender: 'a@example.test',
    recipients: 'b@example.test;c@example.test',
    recipientStatus: '',
    sizeBytes: 7,
    subject: 'é 😀',
    clientAddress: '127.0.0.1',
  };
}

/** Executes a command, typed by its kind. */
export function run<C extends Command>(engine: Engine, command: C): Promise<OutcomeOf<C['kind']>> {
  return engine.execute<C['kind']>(
    'conformance',
    command as unknown as CommandOf<C['kind']>,
  ) as Promise<OutcomeOf<C['kind']>>;
}

/** Asserts that a promise is rejected with a code of the error table. */
export async function refused(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isPosthornError(error), `${code} expected, not ${String(error)}`);
    assert.equal(error.code, code);
    return true;
  });
}

/** One mailbox of an engine, with short names for what the tests do all the time. */
export class Box {
  readonly engine: Engine;
  readonly mailboxId: MailboxId;

  constructor(engine: Engine, mailboxId: MailboxId) {
    this.engine = engine;
    this.mailboxId = mailboxId;
  }

  ref(folderId: FolderId = INBOX_ID): { mailboxId: MailboxId; folderId: FolderId } {
    return { mailboxId: this.mailboxId, folderId };
  }

  target(more: Partial<IngestTarget> = {}): IngestTarget {
    return {
      ...this.ref(),
      content: 0,
      flags: 0,
      keywords: [],
      internalMs: 5_000,
      enforceQuota: false,
      ...more,
    };
  }

  /** Ingests messages named `text`1, `text`2 … and gives their uids. */
  async deliver(count = 1, more: Partial<IngestTarget> = {}, text = 'm'): Promise<Uid[]> {
    const contents = Array.from({ length: count }, (_, i) => contentOf(`${text}${i + 1}`));
    const targets = contents.map((_, content) => this.target({ ...more, content }));
    const { entries } = await run(this.engine, { kind: 'ingest', contents, targets, tracking: [] });
    return entries.map((entry) => entry!.uid);
  }

  async create(name: string, specialUse?: SpecialUse): Promise<FolderId> {
    const { mailboxId } = this;
    return (await run(this.engine, { kind: 'create-folder', mailboxId, name, specialUse }))
      .folderId;
  }

  async folder(folderId: FolderId = INBOX_ID): Promise<Folder> {
    const folder = await this.engine.read.folder(this.ref(folderId));
    assert.ok(folder !== undefined, `folder ${folderId} is there`);
    return folder;
  }

  async names(): Promise<string[]> {
    return (await this.engine.read.folders(this.mailboxId)).map((folder) => folder.name);
  }

  entries(folderId: FolderId = INBOX_ID, columns: EntryColumns = {}): Promise<readonly Entry[]> {
    return this.engine.read.entries({ ...this.ref(folderId), uids: ALL, columns, limit: 1e6 });
  }

  async uids(folderId: FolderId = INBOX_ID): Promise<number[]> {
    return (await this.entries(folderId)).map((entry) => entry.uid);
  }

  /** All there is to see of a mailbox, for "nothing changed". */
  async picture(): Promise<unknown> {
    const { read } = this.engine;
    const folders = await read.folders(this.mailboxId);
    return {
      mailbox: await read.mailbox(this.mailboxId),
      subscriptions: await read.subscriptions(this.mailboxId),
      folders,
      opened: await Promise.all(folders.map((folder) => read.openFolder(folder))),
      entries: await Promise.all(folders.map((folder) => this.entries(folder.folderId))),
    };
  }
}

let boxes = 0;

/** Adds a mailbox with its domain. */
export async function addBox(engine: Engine, quotaBytes?: number): Promise<Box> {
  await run(engine, { kind: 'add-domain', domain: 'example.test' });
  const { mailboxId } = await run(engine, {
    kind: 'add-mailbox',
    address: `box${++boxes}@example.test`,
    verifiers: undefined,
    quotaBytes,
    folders: [],
    nowMs: 1_700_000_000_000,
  });
  return new Box(engine, mailboxId);
}

/** Opens an engine with one mailbox. */
export async function openBox(open: OpenEngine, t: TestContext): Promise<Box> {
  return addBox(await open(t));
}

export async function problemsOf(engine: Engine): Promise<Problem[]> {
  return Array.fromAsync(engine.read.check());
}

/** Lets the engine clean up until nothing is left to do; gives the blobs that were named. */
export async function cleanUpAll(engine: Engine, keepChanges = 1_000_000): Promise<string[]> {
  const blobs: string[] = [];
  for (;;) {
    const cleaned = await run(engine, { kind: 'clean-up', contentsMax: 50, keepChanges });
    blobs.push(...cleaned.blobs);
    if (cleaned.contents === 0) return blobs;
  }
}

export const ZERO = 0 as ModSeq;
