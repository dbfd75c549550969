import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeThreads } from '#wire';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { stand } from './stand.test.ts';

interface Mail {
  readonly head: string;
  readonly minute: number;
}

async function fill(client: ImapClient, mails: readonly Mail[]): Promise<void> {
  for (const { head, minute } of mails) {
    const date = `Fri, 22 Feb 2008 10:${String(minute).padStart(2, '0')}:00 +0000`;
    const message = `Date: ${date}\r\n${head.replaceAll('\n', '\r\n')}\r\n\r\ntext\r\n`;
    await client.append('INBOX', Buffer.from(message, 'utf8'));
  }
  await client.ok('SELECT INBOX');
}

async function threads(client: ImapClient, command: string): Promise<string> {
  const { untagged } = await client.ok(command);
  const found = untagged.find((data) => data.type === 'THREAD');
  assert.ok(found?.type === 'THREAD', command);
  return [...encodeThreads(found.forest)].join('').slice('* THREAD'.length).trim();
}

test('threads by references', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, [
    { head: 'Message-ID: <a@x>\nSubject: hello', minute: 1 },
    { head: 'Message-ID: <c@x>\nReferences: <a@x> <b@x>\nSubject: Re: hello', minute: 5 },
    { head: 'Message-ID: <d@x>\nIn-Reply-To: <"a"@x>\nSubject: Re: hello', minute: 3 },
    { head: 'Message-ID: <a@x>\nSubject: another with that id', minute: 4 },
    { head: 'References: <gone@x>\nSubject: one', minute: 7 },
    { head: 'References: <gone@x>\nSubject: two', minute: 6 },
    { head: 'Subject: re: HELLO', minute: 0 },
  ]);
  const all = 'THREAD REFERENCES UTF-8 ALL';
  assert.equal(await threads(client, all), '(1 (7)(3)(2))(4)((6)(5))');
  // Of several with one id the first that is searched has it.
  assert.equal(await threads(client, 'THREAD REFERENCES UTF-8 NOT 1 NOT 7'), '(4 (3)(2))((6)(5))');
  assert.equal(await threads(client, 'THREAD REFERENCES UTF-8 DELETED'), '');
  await client.ok('STORE 4 +FLAGS (\\Deleted)');
  await client.ok('EXPUNGE');
  assert.equal(await threads(client, `UID ${all}`), '(1 (7)(3)(2))((6)(5))');
});

test('threads by subject', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await fill(client, [
    { head: 'Subject: b', minute: 9 },
    { head: 'Subject: =?utf-8?q?=C3=9Cber?=', minute: 2 },
    { head: 'Subject: [list] Re: B', minute: 3 },
    { head: 'X-None: 1', minute: 4 },
    { head: 'Subject: Fwd: \u00fcber', minute: 1 },
    { head: 'Subject: fw: [fwd: b]', minute: 5 },
  ]);
  const all = 'THREAD ORDEREDSUBJECT US-ASCII ALL';
  assert.equal(await threads(client, all), '(5 2)(3 (6)(1))(4)');
});

test('what is no algorithm', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  const { status, text } = await client.command('THREAD REFS UTF-8 ALL');
  assert.match(`${status} ${text}`, /^BAD .*ORDEREDSUBJECT, REFERENCES/);
  assert.equal((await client.command('THREAD REFERENCES X-UNKNOWN ALL')).code, 'BADCHARSET');
});
