import assert from 'node:assert/strict';
import { countOf, type Untagged } from '../../../src/wire/imap/index.ts';

/**
 * What a client may conclude from what it is told of the selected mailbox: how many messages there are, and which uids they have.
 * Throws where what is told cannot be true.
 */
export class Ledger {
  /** Of each message its uid, where it was told. */
  #uids: (number | undefined)[] = [];
  #known = false;

  /** How many messages there are; undefined before EXISTS. */
  get count(): number | undefined {
    return this.#known ? this.#uids.length : undefined;
  }

  /**
   * @param mayShrink whether messages may go: not while a command is under way that counts in message numbers (RFC 9051 §7.5.1)
   */
  take(data: Untagged, mayShrink: boolean): void {
    switch (data.type) {
      case 'EXISTS':
        assert.ok(data.count >= this.#uids.length, 'EXISTS makes messages go');
        while (this.#uids.length < data.count) this.#uids.push(undefined);
        this.#known = true;
        break;
      case 'EXPUNGE':
        assert.ok(mayShrink, 'EXPUNGE while numbers are in use');
        this.#checkNumber(data.seq);
        this.#uids.splice(data.seq - 1, 1);
        break;
      case 'FETCH': {
        this.#checkNumber(data.seq);
        const uid = data.items.get('UID');
        if (typeof uid === 'number') this.#learn(data.seq, uid);
        break;
      }
      case 'VANISHED':
        if (!data.earlier) {
          assert.ok(mayShrink, 'VANISHED while numbers are in use');
          this.#vanish(data.uids);
        }
        break;
      default:
    }
  }

  #checkNumber(seq: number): void {
    assert.ok(seq >= 1 && seq <= this.#uids.length, `message ${seq} of ${this.#uids.length}`);
  }

  #learn(seq: number, uid: number): void {
    const known = this.#uids[seq - 1];
    assert.ok(known === undefined || known === uid, `message ${seq} had uid ${known}, now ${uid}`);
    this.#uids[seq - 1] = uid;
    const before = this.#uids.slice(0, seq - 1).findLast((other) => other !== undefined);
    const behind = this.#uids.slice(seq).find((other) => other !== undefined);
    assert.ok(before === undefined || before < uid, 'uids ascend');
    assert.ok(behind === undefined || behind > uid, 'uids ascend');
  }

  #vanish(ranges: Extract<Untagged, { type: 'VANISHED' }>['uids']): void {
    const gone = countOf(ranges);
    assert.ok(gone <= this.#uids.length, `${gone} of ${this.#uids.length} vanish`);
    const left = this.#uids.length - gone;
    // Where one of them stood is known only if all uids are.
    const isGone = (uid: number): boolean =>
      ranges.some(({ first, last }) => first <= uid && uid <= last);
    this.#uids = this.#uids.every((uid) => uid !== undefined)
      ? this.#uids.filter((uid) => !isGone(uid!))
      : new Array(left).fill(undefined);
    assert.equal(this.#uids.length, left, 'what vanishes was there');
  }
}
