import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ModSeq } from '#model';
import type { Engine } from '../engine.ts';
import type { EntryState } from '../reads.ts';
import { addBox, cleanUpAll, type OpenEngine, problemsOf, run } from './fixture.conformance.ts';
import { countersOf, type ModelFolder } from './model-mailbox.conformance.ts';
import { Party, perform, type Step, steps } from './model-step.conformance.ts';

const RUNS = 60;

/** Folders as they looked, by mailbox and folder id: one picture for each look. */
interface Picture {
  readonly highestModSeq: ModSeq;
  readonly uidNext: number;
  readonly entries: ReadonlyMap<number, EntryState>;
}
type Album = Map<string, Picture[]>;

/** Random commands, in random groups, against a model that is too simple to be wrong. */
export function modelConformance(open: OpenEngine, shared: 'store' | 'mailbox'): void {
  describe('against a model', () => {
    test('folders, entries, counters and changes since every earlier modseq agree', async (t) => {
      const engine = await open(t);
      const group = fc.array(steps, { minLength: 1, maxLength: 6 });
      const groups = fc.array(group, { minLength: 4, maxLength: 14 });
      await fc.assert(
        fc.asyncProperty(groups, (script) => play(engine, shared, script)),
        { numRuns: RUNS },
      );
      assert.deepEqual(await problemsOf(engine), []);
    });
  });
}

async function play(
  engine: Engine,
  shared: 'store' | 'mailbox',
  script: readonly (readonly Step[])[],
): Promise<void> {
  const parties = [new Party(await addBox(engine)), new Party(await addBox(engine))] as const;
  const album: Album = new Map();
  try {
    await look(parties, album);
    for (const group of script) {
      // All of a group are under way at once: engines may do them in one transaction.
      await Promise.all(group.map((step) => perform(engine, parties, step)));
      await look(parties, album);
    }
    await checkContents(engine, shared, parties);
  } finally {
    for (const { box } of parties)
      await run(engine, { kind: 'remove-mailbox', mailboxId: box.mailboxId });
    await cleanUpAll(engine);
  }
  const nothing = { mailboxes: 0, folders: 0, messages: 0, contents: 0 };
  assert.deepEqual(await engine.read.counts(), nothing);
}

/** Compares everything with the model and keeps the picture. */
async function look(parties: readonly Party[], album: Album): Promise<void> {
  for (const party of parties) {
    const { box, model } = party;
    const folders = await box.engine.read.folders(box.mailboxId);
    const expected = [...model.folders].map(([folderId, { name }]) => `${folderId} ${name}`);
    const names = folders.map(({ folderId, name }) => `${folderId} ${name}`);
    assert.deepEqual(names.sort(), expected.sort());
    const subscriptions = await box.engine.read.subscriptions(box.mailboxId);
    assert.deepEqual([...subscriptions].sort(), [...model.subscriptions].sort());
    let [usedMessages, usedBytes] = [0, 0];
    for (const [folderId, folder] of model.folders) {
      const key = `${box.mailboxId}/${folderId}`;
      const pictures = album.get(key) ?? [];
      album.set(key, pictures);
      await lookAt(party, folderId, folder, pictures);
      usedMessages += folder.entries.size;
      usedBytes += countersOf(folder)['sizeBytes']!;
    }
    const info = await box.engine.read.mailbox(box.mailboxId);
    assert.deepEqual([info?.usedMessages, info?.usedBytes], [usedMessages, usedBytes]);
  }
}

async function lookAt(
  { box }: Party,
  folderId: Parameters<Party['box']['ref']>[0],
  model: ModelFolder,
  pictures: Picture[],
): Promise<void> {
  const opened = (await box.engine.read.openFolder(box.ref(folderId)))!;
  const { folder } = opened;
  const expected = countersOf(model);
  assert.deepEqual({ ...folder, ...expected }, folder);
  assert.deepEqual([...opened.uids], [...model.entries.keys()]);
  const grants = await box.engine.read.acl(box.mailboxId, folderId);
  const granted = new Map(
    grants.map(({ granteeId, negative, rights }) => [`${granteeId} ${negative}`, rights]),
  );
  assert.deepEqual(granted, model.rights);
  const entries = await box.entries(folderId);
  const last = pictures.at(-1);
  const picture: Picture = {
    highestModSeq: folder.highestModSeq,
    uidNext: folder.uidNext,
    entries: new Map(entries.map((entry) => [entry.uid, stateOf(entry)])),
  };
  for (const [uid, entry] of model.entries) {
    const state = picture.entries.get(uid)!;
    assert.equal(state.flags, entry.flags);
    assert.deepEqual(fold(state.keywords), [...entry.keywords].sort().join(' '));
    assert.ok(state.modSeq <= folder.highestModSeq);
    if (last !== undefined) {
      if (entry.touched) assert.ok(state.modSeq > last.highestModSeq, 'a change raises the modseq');
      else assert.deepEqual(state, last.entries.get(uid), 'no change, no new modseq');
    }
    entry.touched = false;
  }
  pictures.push(picture);
  for (const earlier of pictures) await followChanges(box, folderId, earlier, picture);
}

/** The old picture with the changes since must be the new picture. */
async function followChanges(
  box: Party['box'],
  folderId: Parameters<Party['box']['ref']>[0],
  earlier: Picture,
  now: Picture,
): Promise<void> {
  const changes = (await box.engine.read.changes(box.ref(folderId), earlier.highestModSeq))!;
  assert.equal(changes.folder.highestModSeq, now.highestModSeq);
  const followed = new Map(earlier.entries);
  assert.ok(changes.vanished !== undefined);
  for (const uid of changes.vanished) {
    assert.ok(!now.entries.has(uid), `uid ${uid} has vanished`);
    followed.delete(uid);
  }
  let lastUid = 0;
  for (const state of changes.entries) {
    assert.ok(state.uid > lastUid, 'ascending');
    lastUid = state.uid;
    assert.ok(state.modSeq > earlier.highestModSeq, 'only what changed');
    if (!earlier.entries.has(state.uid)) assert.ok(state.uid >= earlier.uidNext);
    followed.set(state.uid, stateOf(state));
  }
  const byUid = [...followed].sort(([a], [b]) => a - b);
  assert.deepEqual(byUid, [...now.entries]);
}

function stateOf({ uid, modSeq, flags, keywords }: EntryState): EntryState {
  return { uid, modSeq, flags, keywords };
}

function fold(keywords: string): string {
  return keywords.toLowerCase().split(' ').sort().join(' ');
}

/** After a clean-up exactly the contents that are shown are left. */
async function checkContents(
  engine: Engine,
  shared: 'store' | 'mailbox',
  parties: readonly Party[],
): Promise<void> {
  await cleanUpAll(engine);
  const shown = new Set<number | string>();
  let messages = 0;
  for (const { model } of parties)
    for (const folder of model.folders.values())
      for (const entry of folder.entries.values()) {
        shown.add(shared === 'store' ? entry.content : entry.instance);
        messages++;
      }
  const counts = await engine.read.counts();
  assert.deepEqual([counts.messages, counts.contents], [messages, shown.size]);
}
