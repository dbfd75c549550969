import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Change, type FolderId, INBOX_ID, type MailboxId, SERVER_ID } from '#model';
import {
  ANNOTATION_BYTES_MAX,
  ANNOTATION_TEXT_OF_MAILBOX_MAX,
  ANNOTATIONS_MAX,
  ANNOTATIONS_OF_MAILBOX_MAX,
} from '../annotation-limits.ts';
import type { AnnotationChange } from '../commands.ts';
import type { AnnotationDepth } from '../reads.ts';
import {
  addBox,
  type Box,
  type OpenEngine,
  openBox,
  problemsOf,
  refused,
  run,
} from './fixture.conformance.ts';

type Values = Readonly<Record<string, string | Buffer | undefined>>;

function changesOf(values: Values = {}): readonly AnnotationChange[] {
  return Object.entries(values).map(([entry, value]) => ({
    entry,
    value: value === undefined ? undefined : Buffer.from(value),
  }));
}

interface Setting {
  readonly folderId?: FolderId;
  readonly viewer?: Box;
  readonly shared?: Values;
  readonly own?: Values;
}

function set(box: Box, { folderId = INBOX_ID, viewer = box, shared, own }: Setting) {
  return run(box.engine, {
    kind: 'set-annotations',
    ...box.ref(folderId),
    viewerId: viewer.mailboxId,
    shared: changesOf(shared),
    own: changesOf(own),
  });
}

function setServer(box: Box, { shared, own }: Setting) {
  return run(box.engine, {
    kind: 'set-server-annotations',
    viewerId: box.mailboxId,
    shared: changesOf(shared),
    own: changesOf(own),
  });
}

interface Asking {
  readonly folderId?: FolderId | undefined;
  readonly viewer?: Box;
  readonly entries?: readonly string[];
  readonly depth?: AnnotationDepth;
}

/** What a viewer sees: `folder entry=value` each. */
async function seen(box: Box, asking: Asking = {}): Promise<readonly string[]> {
  const { viewer = box, entries = ['/shared', '/private'], depth = 'infinity' } = asking;
  const { engine, mailboxId } = box;
  const folderId = 'folderId' in asking ? asking.folderId : INBOX_ID;
  const viewerId = viewer.mailboxId;
  const found = await engine.read.annotations({ mailboxId, folderId, viewerId, entries, depth });
  return found.map((each) => `${each.folderId} ${each.entry}=${each.value.toString('latin1')}`);
}

async function onServer({ engine }: Box, entries: readonly string[], depth: AnnotationDepth = 0) {
  const found = await engine.read.serverAnnotations({ entries, depth });
  return found.map(({ entry, value }) => `${entry}=${value}`);
}

/** What `set-annotations`, `set-server-annotations` and their reads promise (RFC 5464). */
export function annotationsConformance(open: OpenEngine): void {
  describe('annotations', () => {
    folders(open);
    depths(open);
    limits(open);
    server(open);
    gone(open);
  });
}

function folders(open: OpenEngine): void {
  test('everybody sees shared ones, only the viewer its own; they are replaced and removed', async (t) => {
    const engine = await open(t);
    const box = await addBox(engine);
    const other = await addBox(engine);
    const shared = { '/shared/comment': 'for all' };
    assert.deepEqual(await set(box, { shared, own: { '/private/comment': 'mine' } }), {
      changed: true,
    });
    await set(box, { viewer: other, own: { '/private/comment': 'of the other' } });
    assert.deepEqual(await seen(box), ['1 /private/comment=mine', '1 /shared/comment=for all']);
    assert.deepEqual(await seen(box, { viewer: other }), [
      '1 /private/comment=of the other',
      '1 /shared/comment=for all',
    ]);
    assert.deepEqual(await seen(other), []);
    await set(box, {
      shared: { '/shared/comment': undefined, '/shared/new': '' },
      own: { '/private/comment': 'again' },
    });
    assert.deepEqual(await seen(box), ['1 /private/comment=again', '1 /shared/new=']);
    assert.deepEqual(await seen(box, { viewer: other }), [
      '1 /private/comment=of the other',
      '1 /shared/new=',
    ]);
    assert.deepEqual(await problemsOf(engine), []);
  });

  test('values are octets, whatever they are, up to the limit', async (t) => {
    const box = await openBox(open, t);
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const large = Buffer.alloc(ANNOTATION_BYTES_MAX, 0xf8);
    await set(box, { own: { '/private/a': all, '/private/b': large } });
    const { mailboxId } = box;
    const [a, b] = await box.engine.read.annotations({
      mailboxId,
      viewerId: mailboxId,
      folderId: INBOX_ID,
      entries: ['/private/a', '/private/b'],
      depth: 0,
    });
    assert.ok(a!.value.equals(all) && b!.value.equals(large));
  });

  test('a change takes a modseq and is told; one that changes nothing does not', async (t) => {
    const box = await openBox(open, t);
    const heard: Change[] = [];
    using _listening = box.engine.onChanges((changes) => heard.push(...changes));
    const before = await box.create('x');
    heard.length = 0;
    assert.deepEqual(await set(box, { own: { '/private/none': undefined } }), { changed: false });
    assert.deepEqual(heard, []);
    await set(box, { folderId: before, shared: { '/shared/comment': 'x' } });
    assert.deepEqual(
      heard.map(({ kind }) => kind),
      ['folders'],
    );
  });

  test('all folders at once, without what is noted of the server', async (t) => {
    const box = await openBox(open, t);
    const folderId = await box.create('x');
    await set(box, { shared: { '/shared/color': 'red' } });
    await set(box, { folderId, own: { '/private/color': 'blue', '/private/size': '1' } });
    await setServer(box, { own: { '/private/color': 'green' } });
    const entries = ['/shared/color', '/private/color'];
    assert.deepEqual(await seen(box, { folderId: undefined, entries, depth: 0 }), [
      '1 /shared/color=red',
      `${folderId} /private/color=blue`,
    ]);
  });
}

function depths(open: OpenEngine): void {
  test('an answer reaches as far below an entry as asked (RFC 5464 §4.2.2)', async (t) => {
    const box = await openBox(open, t);
    const names = ['/shared/a', '/shared/a/b', '/shared/a/b/c', '/shared/a0', '/shared/a-b/c'];
    await set(box, { shared: Object.fromEntries(names.map((name) => [name, 'x'])) });
    const ask = async (entries: readonly string[], depth: AnnotationDepth) =>
      (await seen(box, { entries, depth })).map((text) => text.slice('1 /shared/'.length, -2));
    assert.deepEqual(await ask(['/shared/a'], 0), ['a']);
    assert.deepEqual(await ask(['/shared/a'], 1), ['a', 'a/b']);
    assert.deepEqual(await ask(['/shared/a'], 'infinity'), ['a', 'a/b', 'a/b/c']);
    assert.deepEqual(await ask(['/shared'], 1), ['a', 'a0']);
    assert.deepEqual(await ask(['/shared'], 'infinity'), ['a', 'a-b/c', 'a/b', 'a/b/c', 'a0']);
    assert.deepEqual(await ask(['/shared/a/b', '/shared/a0', '/shared/a/b'], 0), ['a/b', 'a0']);
    assert.deepEqual(await ask(['/private'], 'infinity'), []);
    assert.deepEqual(await ask([], 'infinity'), []);
  });
}

function limits(open: OpenEngine): void {
  test('a folder has so many, shared and own apart; a refused change changes nothing', async (t) => {
    const engine = await open(t);
    const box = await addBox(engine);
    const other = await addBox(engine);
    const many = (prefix: string, count: number): Values =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}/${i}`, 'x']));
    const shared = many('/shared', ANNOTATIONS_MAX);
    await set(box, { shared, own: many('/private', ANNOTATIONS_MAX - 1) });
    const both = { '/private/y': 'y', '/private/z': 'z' };
    await refused(set(box, { shared: { '/shared/0': 'new' }, own: both }), 'too-many');
    await refused(
      set(box, { shared: { '/shared/more': 'x' }, own: { '/private/y': 'y' } }),
      'too-many',
    );
    assert.equal((await seen(box)).length, 2 * ANNOTATIONS_MAX - 1);
    assert.deepEqual(await seen(box, { entries: ['/shared/0'], depth: 0 }), ['1 /shared/0=x']);
    await set(box, { shared: { '/shared/more': 'x', '/shared/0': undefined, '/shared/1': 'y' } });
    await set(box, { viewer: other, own: both });
    assert.deepEqual(await seen(box, { viewer: other, entries: ['/private'], depth: 1 }), [
      '1 /private/y=y',
      '1 /private/z=z',
    ]);
  });

  test('a mailbox has so many in all its folders together', async (t) => {
    const box = await openBox(open, t);
    const values = Object.fromEntries(
      Array.from({ length: ANNOTATIONS_MAX }, (_, i) => [`/shared/${i}`, 'x']),
    );
    const places: FolderId[] = [];
    for (let i = 0; i < ANNOTATIONS_OF_MAILBOX_MAX / ANNOTATIONS_MAX; i++)
      places.push(await box.create(`f${i}`));
    for (const folderId of places) await set(box, { folderId, shared: values });
    await refused(set(box, { shared: { '/shared/0': 'x' } }), 'too-many');
    await refused(setServer(box, { own: { '/private/0': 'x' } }), 'too-many');
    // What is there may change all the same.
    await set(box, { folderId: places[0]!, shared: { '/shared/0': 'y', '/shared/1': undefined } });
    await set(box, { shared: { '/shared/0': 'x' } });
  });

  test('the values of a mailbox have a limit together', async (t) => {
    const box = await openBox(open, t);
    const value = Buffer.alloc(ANNOTATION_BYTES_MAX, 1);
    const kept = Math.ceil(ANNOTATION_BYTES_MAX / 3) * 4;
    let left = Math.floor(ANNOTATION_TEXT_OF_MAILBOX_MAX / kept);
    const folders = [INBOX_ID, await box.create('a'), await box.create('b')];
    for (const folderId of folders) {
      const many = Array.from({ length: Math.min(left, 90) }, (_, i) => [`/shared/${i}`, value]);
      await set(box, { folderId, shared: Object.fromEntries(many) });
      left -= many.length;
    }
    assert.equal(left, 0);
    await refused(set(box, { own: { '/private/x': value } }), 'too-many');
    const swap = { '/shared/0': undefined, '/shared/y': value };
    await set(box, { shared: swap, own: { '/private/x': '' } });
    await refused(set(box, { shared: { '/shared/z': value } }), 'too-many');
  });
}

function server(open: OpenEngine): void {
  test('the server is annotated for everybody and for each viewer', async (t) => {
    const engine = await open(t);
    const box = await addBox(engine);
    const other = await addBox(engine);
    const heard: Change[] = [];
    using _listening = engine.onChanges((changes) => heard.push(...changes));
    const shared = { '/shared/admin': 'mailto:a@example.test', '/shared/vendor/x/y': 'z' };
    await setServer(box, { shared, own: { '/private/comment': 'mine' } });
    assert.deepEqual(heard.map(({ kind }) => kind).sort(), ['directory', 'folders']);
    assert.deepEqual(await onServer(box, ['/shared/admin', '/shared/none']), [
      '/shared/admin=mailto:a@example.test',
    ]);
    assert.deepEqual(await onServer(box, ['/shared'], 1), ['/shared/admin=mailto:a@example.test']);
    assert.equal((await onServer(box, ['/shared'], 'infinity')).length, 2);
    assert.deepEqual(await seen(box, { folderId: SERVER_ID }), ['0 /private/comment=mine']);
    assert.deepEqual(await seen(other, { folderId: SERVER_ID }), []);
    heard.length = 0;
    await setServer(other, { shared: { '/shared/admin': undefined } });
    assert.deepEqual(
      heard.map(({ kind }) => kind),
      ['directory'],
    );
    assert.deepEqual(await onServer(box, ['/shared'], 'infinity'), ['/shared/vendor/x/y=z']);
    const many = Array.from({ length: ANNOTATIONS_MAX }, (_, i) => [`/shared/${i}`, 'x']);
    const tooMany = { shared: Object.fromEntries(many), own: { '/private/comment': 'new' } };
    await refused(setServer(box, tooMany), 'too-many');
    assert.deepEqual(await seen(box, { folderId: SERVER_ID }), ['0 /private/comment=mine']);
    assert.deepEqual(await problemsOf(engine), []);
  });
}

function gone(open: OpenEngine): void {
  test('they go with the folder and with the mailbox, and stay when it is renamed', async (t) => {
    const engine = await open(t);
    const box = await addBox(engine);
    const folderId = await box.create('x');
    await set(box, { folderId, shared: { '/shared/a': 'x' }, own: { '/private/a': 'y' } });
    await set(box, { shared: { '/shared/a': 'inbox' } });
    const renamed = { kind: 'rename-folder', ...box.ref(folderId), name: 'y' } as const;
    await run(engine, renamed);
    assert.equal((await seen(box, { folderId })).length, 2);
    await run(engine, { kind: 'delete-folder', ...box.ref(folderId) });
    assert.deepEqual(await seen(box, { folderId }), []);
    assert.deepEqual(await seen(box, { folderId: undefined }), ['1 /shared/a=inbox']);
    await refused(set(box, { folderId, shared: { '/shared/a': 'x' } }), 'no-folder');
    await run(engine, { kind: 'remove-mailbox', mailboxId: box.mailboxId });
    assert.deepEqual(await seen(box, { folderId: undefined }), []);
    await assert.rejects(set(box, { shared: { '/shared/a': 'x' } }), { code: /^no-/ });
    await refused(setServer(box, { own: { '/private/a': 'x' } }), 'no-mailbox');
    const nobody = { ...box, mailboxId: 999 as MailboxId, engine } as Box;
    await refused(setServer(nobody, { own: { '/private/a': 'x' } }), 'no-mailbox');
    assert.deepEqual(await problemsOf(engine), []);
  });
}
