import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ErrorCode } from '#kernel';
import { ANYONE, changeRights, Flag, type FolderId, parseRights, type Rights } from '#model';
import type { UidRanges } from '../commands.ts';
import type { Engine } from '../engine.ts';
import { type Box, contentOf, refused, run } from './fixture.conformance.ts';
import {
  copy,
  type ModelEntry,
  type ModelFolder,
  ModelMailbox,
  move,
  named,
  rangesFrom,
} from './model-mailbox.conformance.ts';

/** A mailbox of the engine and what it should be. */
export class Party {
  readonly box: Box;
  readonly model = new ModelMailbox();
  constructor(box: Box) {
    this.box = box;
  }
}
type Parties = readonly [Party, Party];

const NAMES = ['A', 'A/B', 'A/B/😀', '😀', '😀é/x', 'A0', 'A/é😀/y', 'INBOX/z', 'B'];
const KEYWORDS = ['red', 'RED', 'Blue', 'blue', 'red2', '$x'];

const party = fc.integer({ min: 0, max: 1 });
/** Picks a folder among those there are, and sometimes one that is not. */
const folder = fc.nat({ max: 12 });
const uids = fc.array(fc.nat({ max: 14 }), { maxLength: 5 });
const flags = fc.nat({ max: 31 });
const keywords = fc.uniqueArray(fc.constantFrom(...KEYWORDS), { maxLength: 3 });
const name = fc.constantFrom(...NAMES);
const mask = fc.option(fc.record({ flags, keywords: fc.boolean() }), { nil: undefined });
const operation = fc.constantFrom('add' as const, 'remove' as const, 'replace' as const);

const shapes = {
  ingest: fc.record({
    kind: fc.constant('ingest' as const),
    places: fc.array(fc.record({ party, folder, content: fc.nat({ max: 1 }) }), {
      minLength: 1,
      maxLength: 4,
    }),
    flags,
    keywords,
  }),
  store: fc.record({
    kind: fc.constant('store' as const),
    party,
    folder,
    uids,
    flags,
    keywords,
    operation,
    within: mask,
  }),
  copy: fc.record({
    kind: fc.constant('copy' as const),
    party,
    folder,
    uids,
    toParty: party,
    toFolder: folder,
    move: fc.boolean(),
    keeping: mask,
  }),
  expunge: fc.record({
    kind: fc.constant('expunge' as const),
    party,
    folder,
    uids: fc.option(uids, { nil: undefined }),
    onlyDeleted: fc.boolean(),
  }),
  create: fc.record({ kind: fc.constant('create' as const), party, name }),
  rename: fc.record({ kind: fc.constant('rename' as const), party, folder, name }),
  remove: fc.record({ kind: fc.constant('remove' as const), party, folder }),
  subscribe: fc.record({ kind: fc.constant('subscribe' as const), party, name, on: fc.boolean() }),
  grant: fc.record({
    kind: fc.constant('grant' as const),
    party,
    folder,
    grantee: fc.option(party, { nil: undefined }),
    negative: fc.boolean(),
    operation,
    rights: fc.stringMatching(/^[lrswipkxtea]{0,4}$/),
  }),
  claim: fc.record({ kind: fc.constant('claim' as const), party, folder }),
  cleanUp: fc.record({
    kind: fc.constant('clean-up' as const),
    contentsMax: fc.integer({ min: 1, max: 5 }),
  }),
};

export const steps = fc.oneof(
  { arbitrary: shapes.ingest, weight: 6 },
  { arbitrary: shapes.store, weight: 5 },
  { arbitrary: shapes.copy, weight: 4 },
  { arbitrary: shapes.expunge, weight: 3 },
  { arbitrary: shapes.create, weight: 2 },
  { arbitrary: shapes.rename, weight: 2 },
  shapes.remove,
  shapes.subscribe,
  shapes.claim,
  { arbitrary: shapes.grant, weight: 2 },
  shapes.cleanUp,
);
type Shapes = typeof shapes;
type StepOf<Name extends keyof Shapes> = Shapes[Name] extends fc.Arbitrary<infer T> ? T : never;
export type Step = { [Name in keyof Shapes]: StepOf<Name> }[keyof Shapes];

let contents = 0;

function folderAt({ model }: Party, pick: number): FolderId {
  const ids = [...model.folders.keys()];
  return pick === 12 ? (9_999 as FolderId) : ids[pick % ids.length]!;
}

/** Does a step on the model at once, and on the engine; its outcome must be what the model says. */
export function perform(engine: Engine, parties: Parties, step: Step): Promise<void> {
  switch (step.kind) {
    case 'ingest':
      return ingest(engine, parties, step);
    case 'store':
      return store(engine, parties[step.party]!, step);
    case 'copy':
      return copyStep(engine, parties, step);
    case 'expunge':
      return expunge(engine, parties[step.party]!, step);
    case 'grant':
      return grant(engine, parties, step);
    case 'clean-up':
      return run(engine, { ...step, keepChanges: 1_000_000 }).then(() => {});
    default:
      return folderStep(engine, parties[step.party]!, step);
  }
}

async function expectOutcome<T>(
  work: Promise<T>,
  expected: ErrorCode | undefined,
  compare: (outcome: T) => void,
): Promise<void> {
  if (expected !== undefined) await refused(work, expected);
  else compare(await work);
}

function ingest(engine: Engine, parties: Parties, step: StepOf<'ingest'>): Promise<void> {
  const used = [...new Set(step.places.map((place) => place.content))];
  const numbers = used.map(() => ++contents);
  const made = numbers.map((number) => contentOf(`content ${number}`));
  const places = step.places.map((place) => {
    const target = parties[place.party]!;
    return {
      target,
      folderId: folderAt(target, place.folder),
      content: used.indexOf(place.content),
    };
  });
  const missing = places.some(({ target, folderId }) => !target.model.folders.has(folderId));
  const folded = new Set(step.keywords.map((keyword) => keyword.toLowerCase()));
  const expected = missing
    ? []
    : places.map(({ target, folderId, content }) =>
        target.model.add(folderId, {
          flags: step.flags,
          keywords: folded,
          content: numbers[content]!,
          instance: `${numbers[content]} in ${target.box.mailboxId}`,
          sizeBytes: made[content]!.sizeBytes,
        }),
      );
  const targets = places.map(({ target, folderId, content }) =>
    target.box.target({ folderId, content, flags: step.flags, keywords: step.keywords }),
  );
  const work = run(engine, { kind: 'ingest', contents: made, targets, tracking: [] });
  return expectOutcome(work, missing ? 'no-folder' : undefined, ({ entries }) =>
    assert.deepEqual(
      entries.map((entry) => entry?.uid),
      expected,
    ),
  );
}

function store(engine: Engine, target: Party, step: StepOf<'store'>): Promise<void> {
  const folderId = folderAt(target, step.folder);
  const model = target.model.folders.get(folderId);
  const ranges = rangesFrom(step.uids);
  const folded = new Set(step.keywords.map((keyword) => keyword.toLowerCase()));
  const changed: number[] = [];
  for (const uid of model === undefined ? [] : named(model, ranges)) {
    const entry = model!.entries.get(uid)!;
    if (edit(entry, step, folded)) changed.push(uid);
  }
  const work = run(engine, {
    kind: 'store-flags',
    ...target.box.ref(folderId),
    uids: ranges as unknown as UidRanges,
    operation: step.operation,
    flags: step.flags,
    keywords: step.keywords,
    unchangedSince: undefined,
    ...(step.within && { within: step.within }),
  });
  return expectOutcome(work, model === undefined ? 'no-folder' : undefined, (outcome) => {
    assert.deepEqual(outcome.changed, changed);
    assert.deepEqual(outcome.modified, []);
  });
}

function edit(entry: ModelEntry, step: StepOf<'store'>, keywords: ReadonlySet<string>): boolean {
  const before = { flags: entry.flags, keywords: entry.keywords };
  const may = step.within ?? { flags: 31, keywords: true };
  if (step.operation === 'add') {
    entry.flags |= step.flags & may.flags;
    if (may.keywords) entry.keywords = entry.keywords.union(keywords);
  } else if (step.operation === 'remove') {
    entry.flags &= ~(step.flags & may.flags);
    if (may.keywords) entry.keywords = entry.keywords.difference(keywords);
  } else {
    entry.flags = (entry.flags & ~may.flags) | (step.flags & may.flags);
    if (may.keywords) entry.keywords = keywords;
  }
  const same =
    before.flags === entry.flags &&
    before.keywords.size === entry.keywords.size &&
    before.keywords.isSubsetOf(entry.keywords);
  if (!same) entry.touched = true;
  return !same;
}

function copyStep(engine: Engine, parties: Parties, step: StepOf<'copy'>): Promise<void> {
  const [from, to] = [parties[step.party]!, parties[step.toParty]!];
  const fromId = folderAt(from, step.folder);
  const toId = folderAt(to, step.toFolder);
  const source = from.model.folders.get(fromId);
  const target = to.model.folders.get(toId);
  const ranges = rangesFrom(step.uids);
  const missing = source === undefined || target === undefined;
  const chosen = missing ? [] : named(source, ranges);
  const firstUid = target?.uidNext;
  if (!missing) (step.move ? move : copy)(from.model, fromId, to.model, toId, chosen, step.keeping);
  const work = run(engine, {
    kind: 'copy',
    ...from.box.ref(fromId),
    uids: ranges as unknown as UidRanges,
    to: to.box.ref(toId),
    move: step.move,
    ...(step.keeping && { keeping: step.keeping }),
  });
  return expectOutcome(work, missing ? 'no-folder' : undefined, (outcome) =>
    assert.deepEqual([outcome.uids, outcome.firstUid], [chosen, firstUid]),
  );
}

function expunge(engine: Engine, target: Party, step: StepOf<'expunge'>): Promise<void> {
  const folderId = folderAt(target, step.folder);
  const model: ModelFolder | undefined = target.model.folders.get(folderId);
  const ranges = step.uids === undefined ? undefined : rangesFrom(step.uids);
  const gone = model === undefined ? [] : named(model, ranges ?? rangesFrom([0]));
  const expected = gone.filter(
    (uid) => !step.onlyDeleted || (model!.entries.get(uid)!.flags & Flag.Deleted) !== 0,
  );
  for (const uid of expected) model!.entries.delete(uid);
  const work = run(engine, {
    kind: 'expunge',
    ...target.box.ref(folderId),
    uids: ranges as unknown as UidRanges | undefined,
    onlyDeleted: step.onlyDeleted,
  });
  return expectOutcome(work, model === undefined ? 'no-folder' : undefined, (outcome) =>
    assert.deepEqual(outcome.uids, expected),
  );
}

type FolderStep = StepOf<'create' | 'rename' | 'remove' | 'subscribe' | 'claim'>;

function folderStep(engine: Engine, { box, model }: Party, step: FolderStep): Promise<void> {
  const { mailboxId } = box;
  const folderId = 'folder' in step ? folderAt({ box, model }, step.folder) : (0 as FolderId);
  const ref = { mailboxId, folderId };
  switch (step.kind) {
    case 'create': {
      const made = model.create(step.name);
      const create = { kind: 'create-folder', mailboxId, name: step.name } as const;
      const work = run(engine, { ...create, specialUse: undefined });
      return matches(work, (outcome) => outcome.folderId, made);
    }
    case 'rename': {
      const made = model.rename(folderId, step.name);
      const work = run(engine, { kind: 'rename-folder', ...ref, name: step.name });
      return matches(work, (outcome) => outcome.folderId, made);
    }
    case 'remove': {
      const known = model.folders.has(folderId);
      const name = model.remove(folderId);
      const work = run(engine, { kind: 'delete-folder', ...ref });
      if (known && !model.folders.has(folderId))
        return work.then((outcome) => assert.equal(outcome.name, name));
      return refused(work, name as ErrorCode);
    }
    case 'subscribe': {
      const changed = model.subscriptions.has(step.name) !== step.on;
      if (step.on) model.subscriptions.add(step.name);
      else model.subscriptions.delete(step.name);
      return run(engine, { ...step, mailboxId }).then((outcome) =>
        assert.deepEqual(outcome, { changed }),
      );
    }
    case 'claim': {
      const folder = model.folders.get(folderId);
      const claimed = { from: folder?.recentFrom, to: folder?.uidNext };
      if (folder !== undefined) folder.recentFrom = folder.uidNext;
      const work = run(engine, { kind: 'claim-recent', ...ref });
      return expectOutcome(work, folder === undefined ? 'no-folder' : undefined, (outcome) =>
        assert.deepEqual(outcome, claimed),
      );
    }
  }
}

function grant(engine: Engine, parties: Parties, step: StepOf<'grant'>): Promise<void> {
  const owner = parties[step.party]!;
  const folderId = folderAt(owner, step.folder);
  const rights = owner.model.folders.get(folderId)?.rights;
  const { negative, operation } = step;
  const granteeId =
    step.grantee === undefined ? ANYONE : parties[step.grantee as 0 | 1].box.mailboxId;
  const key = `${granteeId} ${negative}`;
  const given = parseRights(step.rights)!;
  const before = (rights?.get(key) ?? '') as Rights;
  const after = changeRights(before, operation, given);
  if (after === '') rights?.delete(key);
  else rights?.set(key, after);
  const ref = owner.box.ref(folderId);
  const work = run(engine, {
    kind: 'set-acl',
    ...ref,
    granteeId,
    negative,
    operation,
    rights: given,
  });
  return expectOutcome(work, rights === undefined ? 'no-folder' : undefined, (outcome) =>
    assert.deepEqual(outcome, { changed: after !== before }),
  );
}

/** The outcome is the model's id, or the refusal is the model's code. */
function matches<T>(
  work: Promise<T>,
  of: (outcome: T) => number,
  expected: FolderId | ErrorCode,
): Promise<void> {
  if (typeof expected === 'string') return refused(work, expected);
  return work.then((outcome) => assert.equal(of(outcome), expected));
}
