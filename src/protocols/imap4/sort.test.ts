import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EsearchData, formatRanges } from '#wire';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { stand } from './stand.test.ts';

/** Appends messages: each a header, or a header with a date of arrival. */
async function fill(
  client: ImapClient,
  heads: readonly (string | [string, string])[],
): Promise<void> {
  for (const each of heads) {
    const [head, arrival] = typeof each === 'string' ? [each, undefined] : each;
    const message = Buffer.from(`${head.replaceAll('\n', '\r\n')}\r\n\r\ntext\r\n`, 'utf8');
    await client.append('INBOX', message, arrival === undefined ? '' : `"${arrival}"`);
  }
  await client.ok('SELECT INBOX');
}

async function sorted(client: ImapClient, command: string): Promise<string> {
  const { untagged } = await client.ok(command);
  const found = untagged.find((data) => data.type === 'SORT');
  assert.ok(found?.type === 'SORT', command);
  return found.numbers.join(' ');
}

async function esearch(client: ImapClient, command: string): Promise<EsearchData> {
  const { untagged } = await client.ok(command);
  const found = untagged.find((data) => data.type === 'ESEARCH');
  assert.ok(found?.type === 'ESEARCH', command);
  return found;
}

test('the capabilities, after the login', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  const { untagged } = await client.ok('CAPABILITY');
  const [data] = untagged;
  assert.ok(data?.type === 'CAPABILITY');
  for (const name of ['SORT', 'SORT=DISPLAY', 'ESORT', 'I18NLEVEL=1', 'PARTIAL', 'MULTISEARCH'])
    assert.ok(data.capabilities.includes(name), name);
  for (const name of [
    'THREAD=ORDEREDSUBJECT',
    'THREAD=REFERENCES',
    'CONTEXT=SEARCH',
    'CONTEXT=SORT',
  ])
    assert.ok(data.capabilities.includes(name), name);
});

test('dates, sizes and arrival; the order of the mailbox decides ties', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, [
    ['Date: Fri, 22 Feb 2008 02:00:00 +0200', '05-Feb-2008 00:00:00 +0000'],
    ['Date: Fri, 22 Feb 2008 00:00:00 +0000\nX: longer', '03-Feb-2008 00:00:00 +0000'],
    // Without a date that can be read the arrival counts.
    ['Date: nonsense', '22-Feb-2008 00:00:01 +0000'],
    ['Date: Thu, 21 Feb 2008 23:00:00 +0000', '03-Feb-2008 00:00:00 +0000'],
  ]);
  assert.equal(await sorted(client, 'SORT (DATE) US-ASCII ALL'), '4 1 2 3');
  assert.equal(await sorted(client, 'SORT (REVERSE DATE) UTF-8 ALL'), '3 1 2 4');
  assert.equal(await sorted(client, 'SORT (ARRIVAL) UTF-8 ALL'), '2 4 1 3');
  assert.equal(await sorted(client, 'SORT (SIZE) UTF-8 ALL'), '3 1 4 2');
  assert.equal(await sorted(client, 'SORT (ARRIVAL REVERSE SIZE) UTF-8 ALL'), '2 4 1 3');
  assert.equal(await sorted(client, 'SORT (DATE) UTF-8 2:3'), '2 3');
  assert.equal(await sorted(client, 'SORT (DATE) UTF-8 FLAGGED'), '');
  await client.ok('STORE 1 +FLAGS (\\Deleted)');
  await client.ok('EXPUNGE');
  assert.equal(await sorted(client, 'UID SORT (REVERSE DATE) UTF-8 ALL'), '3 2 4');
});

test('subjects compare by their base, without regard to case and composition', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  const long = `${'long '.repeat(150)}`;
  await fill(client, [
    'Subject: Re: b',
    'Subject: =?utf-8?q?=C3=84rger?=',
    'Subject: a',
    'X-None: 1',
    'Subject: [list] B (fwd)',
    'Subject: _',
    `Subject: ${long}2`,
    `Subject: ${long}1`,
    'Subject: a\u0308rger',
    'Subject: Fwd: [fwd: A]',
  ]);
  assert.equal(await sorted(client, 'SORT (SUBJECT) UTF-8 ALL'), '4 3 10 2 9 1 5 8 7 6');
  const { untagged } = await client.ok('SEARCH CHARSET UTF-8 SUBJECT "\u00c4RG"');
  assert.deepEqual(untagged[0], { type: 'SEARCH', numbers: [2, 9] });
  assert.equal(await sorted(client, 'SORT (REVERSE SUBJECT) UTF-8 ALL'), '6 7 8 1 5 2 9 3 10 4');
});

test('addresses, and what they are shown by', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, [
    'From: foo bar <zoe@example.org>\nTo: c@x\nCc: x@y',
    'From: b@c.d\nTo: a group: z@z;\nCc: =?utf-8?q?x?= <A@y>',
    'From: d\nCc: group: y@y;',
    'From: =?iso-8859-1?q?foo_=E4ar?= <e@f.g>, a@a\nTo: "" <b@x>',
    'From: ""@x\nTo: "Z, first" <q@x>',
  ]);
  assert.equal(await sorted(client, 'SORT (FROM) UTF-8 ALL'), '5 2 3 4 1');
  assert.equal(await sorted(client, 'SORT (TO) UTF-8 ALL'), '3 2 4 1 5');
  assert.equal(await sorted(client, 'SORT (CC) UTF-8 ALL'), '4 5 2 3 1');
  assert.equal(await sorted(client, 'SORT (DISPLAYFROM) UTF-8 ALL'), '5 2 3 4 1');
  assert.equal(await sorted(client, 'SORT (DISPLAYTO) UTF-8 ALL'), '3 2 4 1 5');
});

test('SORT with RETURN', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, ['Subject: c', 'Subject: a', 'Subject: b', 'Subject: d']);
  const all = await esearch(client, 'SORT RETURN () (SUBJECT) UTF-8 ALL');
  assert.equal(formatRanges(all.all ?? []), '2:3,1,4');
  const some = await esearch(client, 'UID SORT RETURN (MIN MAX COUNT) (SUBJECT) UTF-8 1:3');
  assert.deepEqual(
    [some.uid, some.min, some.max, some.count, some.all],
    [true, 2, 1, 3, undefined],
  );
  const page = await esearch(client, 'SORT RETURN (PARTIAL -1:-2) (REVERSE SUBJECT) UTF-8 ALL');
  assert.equal(formatRanges(page.partial?.results ?? []), '3,2');
  const none = await esearch(client, 'SORT RETURN (MIN COUNT) (SUBJECT) UTF-8 DELETED');
  assert.deepEqual([none.min, none.count], [undefined, 0]);
  // What is saved is a set, whatever its order.
  await client.ok('SORT RETURN (SAVE PARTIAL 1:2) (SUBJECT) UTF-8 ALL');
  const saved = await client.fetch('$', '(UID)');
  assert.deepEqual(
    saved.map(({ seq }) => seq),
    [2, 3],
  );
  await client.ok('STORE 3 +FLAGS (\\Seen)');
  const modSeq = await esearch(client, 'SORT RETURN (MIN) (SUBJECT) UTF-8 MODSEQ 1');
  assert.equal(modSeq.min, 2);
  const highest = await esearch(client, 'SORT RETURN (COUNT) (SUBJECT) UTF-8 MODSEQ 1');
  assert.ok((highest.modSeq ?? 0) > (modSeq.modSeq ?? 0));
  const plain = await client.ok('SORT (SUBJECT) UTF-8 MODSEQ 1');
  const found = plain.untagged.find((data) => data.type === 'SORT');
  assert.ok(found?.type === 'SORT' && found.modSeq === highest.modSeq);
});

test('a charset that nobody knows, and what is no criterion', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  const unknown = await client.command('SORT (DATE) X-UNKNOWN ALL');
  assert.equal(`${unknown.status} ${unknown.code}`, 'NO BADCHARSET');
  assert.equal((await client.command('SORT (COLOUR) UTF-8 ALL')).status, 'BAD');
  await client.ok('CLOSE');
  assert.equal((await client.command('SORT (DATE) UTF-8 ALL')).status, 'BAD');
});
