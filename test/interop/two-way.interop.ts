/** Rounds of changes on both sides. `INTEROP_MESSAGES=10000` for the long form, `INTEROP_SEED` for another course. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Maildir } from './maildir.ts';
import { writeMbsyncConfig } from './mbsync.ts';
import { offlineImap } from './offlineimap.ts';
import { missing, runOk, sayVersion } from './program.ts';
import { startServer } from './server.ts';
import { TwoWay } from './two-way.ts';

const MESSAGES = Number(process.env['INTEROP_MESSAGES'] ?? 300);
const SEED = Number(process.env['INTEROP_SEED'] ?? 7);
const ROUNDS = 4;
const FOLDERS = ['Lists/Entwürfe', 'Lists/日本', 'Lohn & Brot', 'Work/2026/November', 'Work/2025'];
/** mbsync fetches 10,000 messages in seconds; only one that hangs takes this long. */
const SYNC_DEADLINE_MS = 600_000;

/** Of each kind of change so many on each side in a round. */
const share = (part: number): number => Math.max(3, Math.floor(MESSAGES * part));
const ROUND = { added: share(0.03), marked: share(0.06), removed: share(0.02), moved: share(0.03) };

const SMALL_ROUND = { added: 10, marked: 20, removed: 6, moved: 10 };

test('mbsync keeps both sides in step through rounds of changes', {
  skip: missing('mbsync'),
}, async (t) => {
  sayVersion(t, 'mbsync');
  const server = await startServer(t);
  const maildir = new Maildir(join(server.work, 'maildir'));
  const state = join(server.work, 'state');
  mkdirSync(state);
  const config = writeMbsyncConfig(server, {
    listener: 'imap',
    ssl: 'None',
    root: maildir.root,
    state,
  });
  const localName = (name: string): string => name;
  const both = new TwoWay({
    server,
    maildir,
    letters: 'DFPRS',
    expunges: true,
    localName,
    seed: SEED,
  });
  const sync = async (): Promise<string> => {
    const { out, err } = await runOk('mbsync', ['-V', '-c', config, 'all'], {
      deadlineMs: SYNC_DEADLINE_MS,
    });
    assert.doesNotMatch(out + err, /warning|error/i);
    return out + err;
  };

  await both.begin(FOLDERS, Math.floor(MESSAGES * 0.8), Math.ceil(MESSAGES * 0.2));
  await sync();
  await both.compare();
  t.diagnostic(`seed ${SEED}: ${both.messages} messages in ${both.folders.length} folders`);
  for (let round = 1; round <= ROUNDS; round++) {
    await both.round(ROUND);
    await sync();
    await both.compare();
    // One folder of each side goes from the other side than it was made on; first it is emptied.
    const [far, near] = ['Far ', 'Near '].map(
      (prefix) => both.folders.find((name) => name.startsWith(prefix) && isLeaf(both, name))!,
    );
    await both.empty(far!, 'near');
    await both.empty(near!, 'far');
    await sync();
    await both.drop(far!, 'near');
    await both.drop(near!, 'far');
    await sync();
    await both.compare();
    const before = maildir.fingerprint();
    await sync();
    assert.deepEqual(maildir.fingerprint(), before, 'nothing is left to do');
    await both.compare();
    t.diagnostic(`round ${round}: ${both.messages} messages in ${both.folders.length} folders`);
  }
  await server.check();
});

test('OfflineIMAP keeps both sides in step through rounds of changes', {
  skip: missing('offlineimap'),
}, async (t) => {
  sayVersion(t, 'offlineimap');
  const server = await startServer(t);
  const maildir = new Maildir(join(server.work, 'maildir'));
  // Folders lie beside each other, whatever is below what.
  const localName = (name: string): string => name.replaceAll('/', '.');
  const both = new TwoWay({
    server,
    maildir,
    letters: 'DFRS',
    expunges: false,
    localName,
    seed: SEED,
  });
  const sync = offlineImap(server, {
    port: server.port.imap,
    maildir: maildir.root,
    options: ['ssl = no', 'starttls = no'],
    deadlineMs: SYNC_DEADLINE_MS,
  });

  const messages = Math.min(MESSAGES, 500);
  await both.begin(FOLDERS, Math.floor(messages * 0.8), Math.ceil(messages * 0.2));
  await sync();
  await both.compare();
  t.diagnostic(`seed ${SEED}: ${both.messages} messages in ${both.folders.length} folders`);
  for (let round = 1; round <= ROUNDS; round++) {
    await both.round(SMALL_ROUND);
    await sync();
    await both.compare();
    const before = maildir.fingerprint();
    await sync();
    assert.deepEqual(maildir.fingerprint(), before, 'nothing is left to do');
    await both.compare();
    t.diagnostic(`round ${round}: ${both.messages} messages in ${both.folders.length} folders`);
  }
  await server.check();
});

function isLeaf({ folders }: TwoWay, folder: string): boolean {
  return !folders.some((name) => name.startsWith(`${folder}/`));
}
