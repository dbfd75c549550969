import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapClient, ImapCompletion } from '../../../test/clients/imap.ts';
import { fill, mail, stand } from './stand.test.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 60_000 };

/** Numbers of the FETCH responses. */
function fetched({ untagged }: ImapCompletion): readonly number[] {
  return untagged.flatMap((data) => (data.type === 'FETCH' ? [data.seq as number] : []));
}

async function found(client: ImapClient, line: string): Promise<readonly [unknown, unknown]> {
  const { untagged, codeText } = await client.ok(line);
  const data = untagged.find(({ type }) => type === 'SEARCH');
  return [data?.type === 'SEARCH' ? data.numbers : undefined, codeText];
}

test('MESSAGELIMIT: the newest are done, and how far down is told (RFC 9738)', LIMIT, async (t) => {
  const { open } = await stand(t, { limits: { messageLimit: 3 } });
  const client = await open('SELECT INBOX');
  const { untagged } = await client.ok('CAPABILITY');
  assert.match(JSON.stringify(untagged), /"MESSAGELIMIT=3"/);
  await fill(client, 8);
  await client.ok('UID STORE 4 +FLAGS (\\Deleted)');
  await client.ok('EXPUNGE');
  // The uids are 1, 2, 3, 5, 6, 7, 8.
  const all = await client.ok('FETCH 1:* UID');
  assert.deepEqual(fetched(all), [5, 6, 7]);
  assert.equal(all.codeText, 'MESSAGELIMIT 3 6');
  const rest = await client.ok('UID FETCH 1:5 UID');
  assert.deepEqual(fetched(rest), [2, 3, 4]);
  assert.equal(rest.codeText, 'MESSAGELIMIT 3 2');
  const scattered = await client.ok('UID FETCH 1,3,6:7,8 UID');
  assert.deepEqual(fetched(scattered), [5, 6, 7]);
  assert.equal(scattered.codeText, 'MESSAGELIMIT 3 6');
  const few = await client.ok('UID FETCH 1,6:7 UID');
  assert.deepEqual(fetched(few), [1, 5, 6]);
  assert.equal(few.code, undefined);
  const stored = await client.ok('UID STORE 1:* +FLAGS (\\Flagged)');
  assert.deepEqual(fetched(stored), [5, 6, 7]);
  assert.equal(stored.codeText, 'MESSAGELIMIT 3 6');
  assert.deepEqual(await found(client, 'UID SEARCH FLAGGED'), [[6, 7, 8], 'MESSAGELIMIT 3 6']);
  assert.deepEqual(await found(client, 'UID SEARCH UID 1:3 UNFLAGGED'), [[1, 2, 3], undefined]);
  assert.deepEqual(await found(client, 'SEARCH 1:4'), [[2, 3, 4], 'MESSAGELIMIT 3 2']);
});

test('MESSAGELIMIT beside another response code comes in an untagged NO', LIMIT, async (t) => {
  const { open } = await stand(t, { limits: { messageLimit: 2 } });
  const client = await open('SELECT INBOX');
  await fill(client, 4);
  const stored = await client.ok('UID STORE 1:4 (UNCHANGEDSINCE 1) +FLAGS (\\Seen)');
  assert.equal(stored.codeText, 'MODIFIED 3:4');
  const no = stored.untagged.find(
    (data) => data.type === 'STATUS-RESPONSE' && data.code === 'MESSAGELIMIT',
  );
  assert.ok(no?.type === 'STATUS-RESPONSE');
  assert.deepEqual([no.condition, no.codeText], ['NO', 'MESSAGELIMIT 2 3']);
});

test('what is done for all or none is done for none', LIMIT, async (t) => {
  for (const [limits, capability] of [
    [{ messageLimit: 2 }, 'MESSAGELIMIT=2'],
    [{ saveLimit: 2 }, 'SAVELIMIT=2'],
  ] as const) {
    const { open } = await stand(t, { limits });
    const client = await open('SELECT INBOX');
    assert.ok(JSON.stringify((await client.ok('CAPABILITY')).untagged).includes(`"${capability}"`));
    await fill(client, 3);
    for (const line of ['COPY 1:3 Trash', 'UID MOVE 1:* Trash']) {
      const refused = await client.command(line);
      assert.deepEqual([refused.status, refused.codeText], ['NO', 'MESSAGELIMIT 2'], line);
    }
    const many = await client.command('APPEND Trash ', mail('1'), ' ', mail('2'), ' ', mail('3'));
    assert.deepEqual([many.status, many.codeText], ['NO', 'MESSAGELIMIT 2']);
    const { untagged } = await client.ok('STATUS Trash (MESSAGES)');
    assert.match(JSON.stringify(untagged), /STATUS/);
    await client.ok('COPY 1:2 Trash');
    const status = (await client.ok('STATUS Trash (MESSAGES)')).untagged;
    assert.deepEqual(
      status.map((data) => (data.type === 'STATUS' ? data.items.get('MESSAGES') : undefined)),
      [2],
    );
    const whole = await client.ok('FETCH 1:* UID');
    assert.equal(whole.code, 'saveLimit' in limits ? undefined : 'MESSAGELIMIT');
  }
});
