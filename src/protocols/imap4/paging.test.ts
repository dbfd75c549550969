import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRanges } from '#wire';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { fill, stand } from './stand.test.ts';

async function page(client: ImapClient, command: string): Promise<string> {
  const { untagged } = await client.ok(command);
  const found = untagged.find((data) => data.type === 'ESEARCH');
  assert.ok(found?.type === 'ESEARCH' && found.partial !== undefined, command);
  const { range, results } = found.partial;
  return `${range.first}:${range.last} ${formatRanges(results)}`;
}

test('SEARCH by pages, from either end', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, 8);
  await client.ok('SELECT INBOX');
  await client.ok('STORE 2 +FLAGS (\\Deleted)');
  await client.ok('EXPUNGE');
  await client.ok('STORE 3,5 +FLAGS (\\Seen)');
  assert.equal(await page(client, 'SEARCH RETURN (PARTIAL 1:2) UNSEEN'), '1:2 1:2');
  assert.equal(await page(client, 'UID SEARCH RETURN (PARTIAL 2:4) UNSEEN'), '2:4 3,5,7');
  assert.equal(await page(client, 'SEARCH RETURN (PARTIAL 9:4) UNSEEN'), '4:9 6:7');
  assert.equal(await page(client, 'SEARCH RETURN (PARTIAL 6:9) UNSEEN'), '6:9 ');
  assert.equal(await page(client, 'UID SEARCH RETURN (PARTIAL -1:-2) UNSEEN'), '-1:-2 7:8');
  assert.equal(await page(client, 'SEARCH RETURN (PARTIAL -4:-9 COUNT MIN) UNSEEN'), '-4:-9 1:2');
  await client.ok('SEARCH RETURN (SAVE PARTIAL -1:-2 MIN) UNSEEN');
  const saved = await client.fetch('$', '(UID)');
  assert.deepEqual(
    saved.map(({ seq }) => seq),
    [1, 6, 7],
  );
  assert.equal((await client.command('SEARCH RETURN (PARTIAL 1:2 ALL) ALL')).status, 'BAD');
});

test('UID FETCH by pages', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, 9);
  await client.ok('SELECT INBOX');
  await client.ok('STORE 2,6 +FLAGS (\\Deleted)');
  await client.ok('EXPUNGE');
  const fetched = async (rest: string): Promise<string> => {
    const found = await client.fetch(...(rest.split(' / ') as [string, string]), true);
    return found.map(({ items }) => items.get('UID')).join(' ');
  };
  // UIDs 1 3 4 5 7 8 9.
  assert.equal(await fetched('1:* / (UID) (PARTIAL 1:3)'), '1 3 4');
  assert.equal(await fetched('2:8 / (UID) (PARTIAL -1:-2)'), '7 8');
  assert.equal(await fetched('9,1:4,7 / (UID) (PARTIAL 3:4)'), '4 7');
  assert.equal(await fetched('1:* / (UID) (PARTIAL 20:30)'), '');
  assert.equal(await fetched('1:* / (UID) (PARTIAL -5:-30)'), '1 3 4');
  const [before] = await client.fetch('1', '(MODSEQ)');
  const [modSeq] = before!.items.get('MODSEQ') as readonly number[];
  await client.ok('UID STORE 3,8 +FLAGS (\\Seen)');
  // The page is cut first: of its messages those that have changed.
  const since = Math.max(modSeq!, 9) + 2;
  const changed = await client.fetch('1:*', `(FLAGS) (PARTIAL -1:-3 CHANGEDSINCE ${since})`, true);
  assert.deepEqual(
    changed.map(({ items }) => items.get('UID')),
    [8],
  );
  const byNumber = await client.command('FETCH 1:* (UID) (PARTIAL 1:2)');
  assert.match(`${byNumber.status} ${byNumber.text}`, /^BAD .*UID FETCH only/);
});
