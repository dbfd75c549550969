import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMessage } from '#content';
import { PosthornError } from '#kernel';
import type { SeqNum } from '#model';
import type { SortCriterion, SortKey } from '#wire';
import { openTestFolder } from '../search/model.conformance.ts';
import { sampleOf } from '../search/samples.conformance.ts';
import type { SearchScope } from '../search/scope.ts';
import { sortFound } from './sort-found.ts';

/** A fifth of them does not stay in the folder. */
const COUNT = 1400;
const subjectOf = (index: number): string => `s${(index * 7919) % COUNT}`.padEnd(index % 900, '.');

function by(...keys: readonly SortKey[]): readonly SortCriterion[] {
  return keys.map((key) => ({ key, reverse: false }));
}

test('keys are read in batches, only their columns, and the peer is looked after', async () => {
  const samples = Array.from({ length: COUNT }, (_none, index) =>
    sampleOf(Buffer.from(`Subject: ${subjectOf(index)}\r\n\r\nx\r\n`), index),
  );
  await using folder = await openTestFolder(samples);
  const queries: Parameters<SearchScope['mailbox']['entries']>[0][] = [];
  let turns = 0;
  const { mailbox } = folder;
  const scope: SearchScope = folder.scope({
    mailbox: {
      entries: (query) => {
        queries.push(query);
        return mailbox.entries(query);
      },
      contentBytes: mailbox.contentBytes.bind(mailbox),
    },
    checkPeer: () => {
      turns++;
    },
  });
  const seqs = folder.messages.map(({ seq }) => seq as SeqNum);
  const { order } = await sortFound(scope, seqs, by('SUBJECT', 'ARRIVAL'));
  // The index cuts long subjects; they are told apart all the same.
  const subjects = Array.from(order, (place) =>
    parseMessage(folder.messages[place]!.bytes).subject.toUpperCase(),
  );
  assert.deepEqual(subjects, subjects.toSorted());
  assert.equal(order.length, folder.messages.length);
  assert.ok(queries.every(({ limit }) => limit <= 1000));
  assert.ok(queries.every(({ columns }) => !columns.head && !columns.body));
  assert.ok(turns >= 2, `${turns} turns`);
  queries.length = 0;
  await sortFound(scope, seqs, by('ARRIVAL', 'SIZE'));
  assert.ok(
    queries.length > 0 && queries.every(({ columns }) => Object.keys(columns).length === 0),
  );
  const ended: SearchScope = {
    ...scope,
    checkPeer: () => {
      throw new PosthornError('connection-closed');
    },
  };
  await assert.rejects(sortFound(ended, seqs, by('FROM')), { code: 'connection-closed' });
});
