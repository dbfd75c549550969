import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Maildir, type Side } from './maildir.ts';
import { WAYS, writeMbsyncConfig } from './mbsync.ts';
import { missing, runOk, sayVersion } from './program.ts';
import { ALICE, startServer, type TestServer } from './server.ts';

const skip = missing('mbsync');

/** Maildir's letters for the flags both sides know. */
const LETTERS: Readonly<Record<string, string>> = {
  '\\Answered': 'R',
  '\\Deleted': 'T',
  '\\Draft': 'D',
  '\\Flagged': 'F',
  '\\Seen': 'S',
};

/** The server's side in the same form as the Maildir's; names in mbsync's local form, which is UTF-7. */
async function listServer(server: TestServer, localName: (name: string) => string): Promise<Side> {
  const sides: Record<string, readonly string[]> = {};
  const folders = await server.folders(ALICE);
  for (const folder of folders.toSorted((a, b) => (localName(a) < localName(b) ? -1 : 1))) {
    const listed = await server.list(ALICE, folder);
    sides[localName(folder)] = listed
      .map(({ subject, flags }) => {
        const letters = flags.map((flag) => LETTERS[flag] ?? '');
        return `${subject} ${letters.toSorted().join('')}`;
      })
      .toSorted();
  }
  return sides;
}

/** Modified UTF-7 of the names used here (RFC 3501 §5.1.3); mbsync leaves names as they are on the wire. */
const WIRE_NAMES: Readonly<Record<string, string>> = {
  'Entwürfe/日本': 'Entw&APw-rfe/&ZeVnLA-',
  Entwürfe: 'Entw&APw-rfe',
  'Lohn & Brot': 'Lohn &- Brot',
  Größe: 'Gr&APYA3w-e',
};
const localName = (name: string): string => WIRE_NAMES[name] ?? name;

for (const [name, listener, ssl] of WAYS)
  test(`mbsync keeps a Maildir and the server equal, ${name}`, { skip }, async (t) => {
    sayVersion(t, 'mbsync');
    const server = await startServer(t);
    const local = new Maildir(join(server.work, 'maildir'));
    const config = writeMbsyncConfig(server, { listener, ssl, root: local.root });
    const sync = async (): Promise<string> => {
      const { out, err } = await runOk('mbsync', ['-V', '-c', config, 'all']);
      return out + err;
    };
    const equal = async (): Promise<Side> => {
      const side = await listServer(server, localName);
      assert.deepEqual(local.list(), side);
      return side;
    };

    await t.test('the first run brings both sides together, folders too', async () => {
      for (const folder of ['Entwürfe', 'Entwürfe/日本', 'Lohn & Brot'])
        await server.imap(ALICE, (client) => client.ok(`CREATE "${localName(folder)}"`));
      for (const subject of ['r1', 'r2', 'r3', 'r4']) await server.put(ALICE, subject);
      await server.put(ALICE, 'r5', { folder: 'Entwürfe/日本', flags: '(\\Flagged \\Seen)' });
      local.makeFolder('INBOX');
      local.makeFolder('Gr&APYA3w-e');
      local.add('INBOX', 'l1', 'S');
      local.add('INBOX', 'l2', 'FRS');
      local.add('Gr&APYA3w-e', 'l3', 'D');
      await sync();
      const side = await equal();
      assert.deepEqual(side['INBOX'], ['l1 S', 'l2 FRS', 'r1 ', 'r2 ', 'r3 ', 'r4 ']);
      assert.deepEqual(side['Gr&APYA3w-e'], ['l3 D']);
      assert.deepEqual(side['Entw&APw-rfe/&ZeVnLA-'], ['r5 FS']);
      const sizes = await server.list(ALICE);
      const l1 = sizes.find(({ subject }) => subject === 'l1')!;
      assert.match(l1.text, /\r\n\r\n\xc3\x84 local text\r\n$/);
    });

    await t.test('a second run changes nothing', async () => {
      const before = [local.fingerprint(), await server.list(ALICE)];
      const said = await sync();
      assert.doesNotMatch(said, /warning|error/i);
      assert.deepEqual([local.fingerprint(), await server.list(ALICE)], before);
    });

    await t.test('new mail, flags and deletions of both sides', async () => {
      await server.put(ALICE, 'r6');
      await server.put(ALICE, 'r7', { folder: 'Lohn & Brot' });
      local.add('INBOX', 'l4');
      local.add('Sent', 'l5', 'S');
      await server.imap(ALICE, async (client) => {
        await client.ok('SELECT INBOX');
        await client.ok('STORE 1 +FLAGS (\\Seen \\Answered)');
        await client.ok('STORE 2 +FLAGS \\Deleted');
        await client.ok('EXPUNGE');
      });
      local.setFlags('INBOX', 'r3', 'FS');
      local.setFlags('INBOX', 'l2', '');
      local.setFlags('INBOX', 'l1', 'ST');
      local.remove('INBOX', 'r4');
      await sync();
      const side = await equal();
      assert.deepEqual(side['INBOX'], ['l2 ', 'l4 ', 'r1 RS', 'r3 FS', 'r6 ']);
      assert.deepEqual(side['Lohn &- Brot'], ['r7 ']);
      assert.deepEqual(side['Sent'], ['l5 S']);
    });

    await t.test('and again nothing is left to do', async () => {
      const before = [local.fingerprint(), await server.list(ALICE)];
      await sync();
      assert.deepEqual([local.fingerprint(), await server.list(ALICE)], before);
    });

    await t.test('a folder that was deleted on the server goes locally', async () => {
      await server.imap(ALICE, async (client) => {
        await client.ok('SELECT "Lohn &- Brot"');
        await client.ok('STORE 1:* +FLAGS \\Deleted');
        await client.ok('CLOSE');
      });
      await sync();
      await server.imap(ALICE, (client) => client.ok('DELETE "Lohn &- Brot"'));
      await sync();
      await equal();
    });
    await server.check();
  });
