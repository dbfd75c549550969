/** The mail moves to another engine and back while it is served. `SCENARIO_MAILS=200000` for the long form. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '#kernel';
import { freshUrl } from '../../src/storage/fresh.conformance.ts';
import type { ImapClient, ImapCompletion } from '../clients/imap.ts';
import {
  addMailboxes,
  checkIsClean,
  posthorn,
  skipWithoutPostgres,
  TestDirectory,
  TestServer,
} from '../server.ts';
import { readByImap } from './inbox.ts';
import { Ledger, MailLoad } from './load.ts';

const MAILS = Number(process.env['SCENARIO_MAILS'] ?? 400);
const MAILBOXES = 3;
const CONNECTIONS = 6;

/** What a client that resynchronizes (RFC 7162) has kept of a folder. */
interface Kept {
  readonly uidValidity: number;
  readonly modSeq: number;
  /** Flags by uid. */
  readonly flags: Map<number, string>;
}

function codeIn({ untagged, text }: ImapCompletion, name: string): number {
  const texts = [text, ...untagged.map((data) => JSON.stringify(data))].join('\n');
  const match = new RegExp(`${name}[^0-9]+(\\d+)`).exec(texts);
  assert.ok(match !== null, `${name} in ${texts.slice(0, 300)}`);
  return Number(match[1]);
}

async function keep(client: ImapClient): Promise<Kept> {
  const selected = await client.ok('SELECT INBOX');
  const flags = new Map<number, string>();
  const fetched = await client.ok('UID FETCH 1:* (FLAGS)');
  take(fetched, flags);
  return {
    uidValidity: codeIn(selected, 'UIDVALIDITY'),
    modSeq: codeIn(selected, 'HIGHESTMODSEQ'),
    flags,
  };
}

/** Takes what a server tells of messages; gives how many it told of. */
function take({ untagged }: ImapCompletion, flags: Map<number, string>): number {
  let told = 0;
  for (const data of untagged) {
    if (data.type !== 'FETCH') continue;
    const uid = data.items.get('UID') as number;
    // \\Recent is of the session, not of the message.
    const shown = (data.items.get('FLAGS') as string[]).filter((flag) => flag !== '\\Recent');
    flags.set(uid, shown.sort().join(' '));
    told++;
  }
  return told;
}

/** The server is back at its new place; until then nobody listens. */
async function untilServing(server: TestServer, address: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      (await server.imap(address)).close();
      return;
    } catch (error) {
      if (!/ECONNREFUSED|ECONNRESET/.test(String(error)) || tries > 300) throw error;
      await systemClock.sleep(100);
    }
  }
}

/** A client comes back after a move: it is told what has changed and nothing else, and has what there is. */
async function resynchronize(server: TestServer, address: string, kept: Kept): Promise<string> {
  await using client = await server.imap(address);
  await client.ok('ENABLE QRESYNC');
  const known = kept.flags.size;
  const selected = await client.ok(`SELECT INBOX (QRESYNC (${kept.uidValidity} ${kept.modSeq}))`);
  assert.equal(codeIn(selected, 'UIDVALIDITY'), kept.uidValidity, 'the same folder as before');
  let gone = 0;
  for (const data of selected.untagged)
    if (data.type === 'VANISHED')
      for (const { first, last } of data.uids)
        for (let uid = first; uid <= Number(last); uid++) if (kept.flags.delete(uid)) gone++;
  const told = take(selected, kept.flags);
  const all = new Map<number, string>();
  take(await client.ok('UID FETCH 1:* (FLAGS)'), all);
  assert.deepEqual(
    [...kept.flags].sort(([a], [b]) => a - b),
    [...all].sort(([a], [b]) => a - b),
    'it has what there is',
  );
  const fresh = all.size - (known - gone);
  assert.ok(told <= fresh + 1, `told of ${told} messages, of which ${fresh} are new`);
  return `told of ${told} of ${all.size}, ${gone} gone`;
}

/** Moves the mail while more arrives, and looks at it from all sides. */
async function move(
  t: TestContext,
  server: TestServer,
  to: { readonly name: string; readonly engine: string },
  { addresses, ledger }: { readonly addresses: readonly string[]; readonly ledger: Ledger },
): Promise<void> {
  const [address] = addresses;
  const before = await server.imap(address!);
  await before.append('INBOX', Buffer.from('Subject: goes\r\n\r\nsoon\r\n'));
  const kept = await keep(before);
  // Changed since the client was here last: one flag, one message gone.
  const uids = [...kept.flags.keys()];
  await before.ok(`UID STORE ${uids[0]} +FLAGS (\\Flagged)`);
  await before.ok(`UID STORE ${uids.at(-1)} +FLAGS (\\Deleted)`);
  await before.ok('EXPUNGE');
  before.close();
  const load = new MailLoad(server, { name: to.name, addresses, connections: CONNECTIONS });
  await load.untilAcknowledged(20);
  const startedMs = performance.now();
  const { code, out, err } = await posthorn('migrate', '--to', to.engine, '--data', server.data);
  const tookMs = performance.now() - startedMs;
  assert.equal(code, 0, err);
  // Its connections ended with the sessions.
  await load.untilBroken();
  ledger.add(load);
  await untilServing(server, address!);
  const told = await resynchronize(server, address!, kept);
  t.diagnostic(
    `to ${to.name}: ${out.trim()}; ${Math.round(tookMs)} ms in all, ${load.acknowledged.size} more arrived meanwhile; a client that came back was ${told}`,
  );
  ledger.recount();
  for (const [mailbox, owner] of addresses.entries()) {
    await using client = await server.imap(owner);
    ledger.find(mailbox, await readByImap(client));
  }
}

test('mail moves to PostgreSQL and back while it arrives and is read', {
  skip: skipWithoutPostgres,
}, async (t) => {
  using dir = new TestDirectory('embedded');
  const addresses = await addMailboxes(dir.data, MAILBOXES);
  await using server = await TestServer.start({ data: dir.data });
  const ledger = new Ledger();
  const load = new MailLoad(server, { name: 'first', addresses, connections: CONNECTIONS });
  await load.untilAcknowledged(MAILS);
  await load.stop();
  ledger.add(load);
  const all = { addresses, ledger };
  await move(t, server, { name: 'postgres', engine: freshUrl() }, all);
  assert.equal(await checkIsClean(dir.data), ledger.found);
  await move(t, server, { name: 'embedded', engine: 'embedded' }, all);
  assert.equal(await checkIsClean(dir.data), ledger.found);
  ledger.assertComplete();
  await server.stop();
});
