import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Folder, FolderId, ModSeq, SeqNum, Uid } from '#model';
import type { EntryState, FolderChanges, Mailbox } from '#store';
import { rangesOf, STAR } from '#wire';
import { View, type ViewUpdate } from './view.ts';

/** A view asks nothing of it but what stands before names. */
const MAILBOX = { prefix: '' } as Mailbox;

/** A folder with its log, as the store has it. */
class ModelFolder {
  modSeq = 1;
  uidNext = 1;
  readonly entries = new Map<number, { modSeq: number; flags: number }>();
  readonly vanished: { uid: number; modSeq: number }[] = [];
  /** The log knows nothing of what is not above this. */
  floor = 0;

  add(): void {
    this.entries.set(this.uidNext++, { modSeq: ++this.modSeq, flags: 0 });
  }

  #nth(n: number): number | undefined {
    const uids = [...this.entries.keys()];
    return uids.length === 0 ? undefined : uids[n % uids.length];
  }

  flag(n: number, flags: number): { uid: Uid; modSeq: ModSeq } | undefined {
    const uid = this.#nth(n);
    if (uid === undefined) return undefined;
    this.entries.set(uid, { modSeq: ++this.modSeq, flags });
    return { uid: uid as Uid, modSeq: this.modSeq as ModSeq };
  }

  expunge(n: number): void {
    const uid = this.#nth(n);
    if (uid === undefined) return;
    this.entries.delete(uid);
    this.vanished.push({ uid, modSeq: ++this.modSeq });
  }

  get uids(): Uint32Array {
    return Uint32Array.from(this.entries.keys());
  }

  get folder(): Folder {
    return {
      folderId: 1 as FolderId,
      name: 'INBOX',
      uidValidity: 1,
      highestModSeq: this.modSeq,
    } as Folder;
  }

  changes(since: number): FolderChanges {
    const entries = [...this.entries]
      .filter(([, { modSeq }]) => modSeq > since)
      .map(([uid, state]) => ({ uid, keywords: '', ...state }) as EntryState);
    const vanished = this.vanished.filter(({ modSeq }) => modSeq > since);
    return {
      folder: this.folder,
      entries,
      vanished:
        since < this.floor
          ? undefined
          : vanished.map(({ uid }) => uid as Uid).sort((a, b) => a - b),
    };
  }

  open(): View {
    const opened = { folder: this.folder, uids: this.uids, keywords: [], firstUnseen: undefined };
    return new View(MAILBOX, opened, false);
  }
}

/** What a client makes of the responses: it counts, it never asks. */
class ModelClient {
  readonly numbered: (number | 'new')[];
  readonly flags = new Map<number, number>();

  constructor(view: View) {
    this.numbered = [...view.uids];
  }

  /** In the order in which they are sent: EXPUNGE, EXISTS, FETCH. */
  hear(update: ViewUpdate, view: View): void {
    for (const seq of update.expungedSeqs) this.numbered.splice(seq - 1, 1);
    for (let n = 0; n < update.added; n++) this.numbered.push('new');
    assert.equal(this.numbered.length, view.size, 'EXISTS');
    for (const entry of update.changed) {
      const seq = view.seqOf(entry.uid)!;
      assert.equal(this.numbered[seq - 1], entry.uid, 'FETCH names the message the client means');
      this.flags.set(entry.uid, entry.flags);
    }
    // The client fetches the uids of new messages; those it knew must not have moved.
    for (const [index, uid] of this.numbered.entries())
      if (uid !== 'new') assert.equal(view.uidAt((index + 1) as SeqNum), uid);
      else this.numbered[index] = view.uidAt((index + 1) as SeqNum);
  }
}

type Action =
  | { readonly kind: 'add' }
  | { readonly kind: 'expunge' | 'own' | 'flag'; readonly n: number; readonly flags: number }
  | { readonly kind: 'refresh'; readonly session: 0 | 1; readonly mayExpunge: boolean }
  | { readonly kind: 'forget' };

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const) }),
    fc.record({
      kind: fc.constantFrom('expunge' as const, 'flag' as const, 'own' as const),
      n: fc.nat(20),
      flags: fc.nat(31),
    }),
    fc.record({
      kind: fc.constant('refresh' as const),
      session: fc.constantFrom(0 as const, 1 as const),
      mayExpunge: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('forget' as const) }),
  ),
  { maxLength: 60 },
);

test('two sessions: each client always counts as its view does, and ends with the truth', () => {
  void fc.assert(
    fc.property(fc.nat(5), actions, (initial, steps) => {
      const folder = new ModelFolder();
      for (let n = 0; n < initial; n++) folder.add();
      const sessions = [folder.open(), folder.open()].map((view) => ({
        view,
        client: new ModelClient(view),
      }));
      const refresh = (index: number, mayExpunge: boolean): void => {
        const { view, client } = sessions[index]!;
        const changes = folder.changes(view.modSeq);
        client.hear(view.apply(changes, folder.uids, mayExpunge), view);
        assert.equal(view.modSeq, folder.modSeq);
        if (mayExpunge) assert.equal(view.hasGone, false);
      };
      for (const step of steps) {
        if (step.kind === 'add') folder.add();
        else if (step.kind === 'refresh') refresh(step.session, step.mayExpunge);
        else if (step.kind === 'forget') folder.floor = folder.modSeq;
        else if (step.kind === 'expunge') folder.expunge(step.n);
        else {
          const change = folder.flag(step.n, step.flags);
          if (step.kind !== 'own' || change === undefined) continue;
          const { view, client } = sessions[0]!;
          if (view.seqOf(change.uid) === undefined) continue;
          view.told(change.modSeq);
          client.flags.set(change.uid, step.flags);
        }
      }
      for (const index of [0, 1]) {
        refresh(index, true);
        const { client } = sessions[index]!;
        assert.deepEqual(client.numbered, [...folder.uids]);
        for (const [uid, flags] of client.flags)
          if (folder.entries.has(uid)) assert.equal(folder.entries.get(uid)!.flags, flags);
      }
    }),
    { numRuns: 500 },
  );
});

function viewOf(...uids: number[]): View {
  const folder = { folderId: 1, name: 'x', uidValidity: 1, highestModSeq: 1 } as unknown as Folder;
  return new View(
    MAILBOX,
    { folder, uids: Uint32Array.from(uids), keywords: ['$Seen'], firstUnseen: undefined },
    false,
  );
}

const set = <N extends SeqNum | Uid>(...pairs: [number, number][]) => ({
  ranges: pairs.map(([first, last]) => ({ first: first as N, last: last as N })),
  saved: false,
});

test('message numbers that do not exist are refused, "*" in an empty view too (RFC 9051 §9)', () => {
  const view = viewOf(3, 5, 9);
  assert.deepEqual(view.uidsOfSeqs(set<SeqNum>([2, STAR]), []), [{ first: 5, last: 9 }]);
  assert.deepEqual(view.uidsOfSeqs(set<SeqNum>([3, 1]), []), [{ first: 3, last: 9 }]);
  assert.equal(view.uidsOfSeqs(set<SeqNum>([2, 4]), []), undefined);
  assert.equal(viewOf().uidsOfSeqs(set<SeqNum>([1, STAR]), []), undefined);
  assert.equal(viewOf().uidsOfSeqs(set<SeqNum>([STAR, STAR]), []), undefined);
});

test('uids beyond the last are none, "*" is the last whatever stands before it (RFC 9051 §6.4.9)', () => {
  const view = viewOf(3, 5, 9);
  assert.deepEqual(view.uidsOfUids(set<Uid>([4, 7], [20, 30]), []), [{ first: 4, last: 7 }]);
  assert.deepEqual(view.uidsOfUids(set<Uid>([559, STAR]), []), [{ first: 9, last: 9 }]);
  assert.deepEqual(viewOf().uidsOfUids(set<Uid>([1, STAR]), []), []);
});

test('"$" is part of a set', () => {
  const view = viewOf(3, 5, 9);
  const saved = rangesOf([5 as Uid]);
  const both = { ranges: [{ first: 1 as SeqNum, last: 1 as SeqNum }], saved: true };
  assert.deepEqual(view.uidsOfSeqs(both, saved), [
    { first: 3, last: 3 },
    { first: 5, last: 5 },
  ]);
  assert.deepEqual(view.uidsOfUids({ ranges: [], saved: true }, saved), saved);
});

test('recent messages are counted among those in the view (RFC 3501 §2.3.2)', () => {
  const view = viewOf(3, 5, 9);
  view.addRecent(4 as Uid, 10);
  assert.equal(view.recentCount, 2);
  assert.deepEqual(
    [3, 5, 9, 10].map((uid) => view.isRecent(uid as Uid)),
    [false, true, true, false],
  );
});

test('what is declared recent again, as a session that only looks does, counts once', () => {
  const view = viewOf(3, 5, 9);
  view.addRecent(3 as Uid, 6);
  view.addRecent(3 as Uid, 10);
  view.addRecent(10 as Uid, 10);
  assert.equal(view.recentCount, 3);
  assert.equal(view.isRecent(10 as Uid), false);
});

test('keywords are known in any letter case', () => {
  const view = viewOf();
  assert.equal(view.learnKeywords('$SEEN'), false);
  assert.equal(view.learnKeywords('$seen Other'), true);
  assert.equal(view.learnKeywords('other'), false);
  assert.deepEqual(view.keywords, ['$Seen', 'Other']);
});
