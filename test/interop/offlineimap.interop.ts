import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { offlineImap } from './offlineimap.ts';
import { missing, sayVersion } from './program.ts';
import { ALICE, startServer } from './server.ts';

const skip = missing('offlineimap');
for (const [how, listener] of [
  ['in the clear', 'imap'],
  ['after STARTTLS', 'imap'],
  ['over TLS', 'imaps'],
] as const)
  test(`OfflineIMAP keeps a Maildir and the server equal, ${how}`, { skip }, async (t) => {
    sayVersion(t, 'offlineimap');
    const server = await startServer(t);
    const maildir = join(server.work, 'maildir');
    const options = {
      'in the clear': ['ssl = no', 'starttls = no'],
      'after STARTTLS': ['ssl = no', 'starttls = yes', `sslcacertfile = ${server.certificate}`],
      'over TLS': ['ssl = yes', `sslcacertfile = ${server.certificate}`],
    }[how];
    const sync = offlineImap(server, { port: server.port[listener], maildir, options });
    const folder = (name: string): Readonly<Record<string, string>> => filesOf(join(maildir, name));

    await server.imap(ALICE, (client) => client.ok('CREATE "Lists/Entw&APw-rfe"'));
    for (const subject of ['r1', 'r2', 'r3']) await server.put(ALICE, subject);
    await server.put(ALICE, 'r4', { folder: 'Lists/Entwürfe', flags: '(\\Seen \\Flagged)' });
    await sync();
    assert.deepEqual(Object.keys(folder('INBOX')).toSorted(), ['r1', 'r2', 'r3']);
    assert.match(folder('Lists.Entw&APw-rfe')['r4']!, /:2,FS$/);

    // A new message, a flag and a deletion on each side, and a new folder locally.
    const text = 'Subject: l1\nMessage-ID: <l1@local>\nFrom: a@example.test\n\nlocal\n';
    writeFileSync(join(maildir, 'INBOX', 'cur', '1.M1.local:2,S'), text);
    for (const sub of ['cur', 'new', 'tmp'])
      mkdirSync(join(maildir, 'Local', sub), { recursive: true });
    writeFileSync(join(maildir, 'Local', 'cur', '2.M2.local:2,'), text.replaceAll('l1', 'l2'));
    rmSync(folder('INBOX')['r1']!);
    await server.put(ALICE, 'r5');
    await server.imap(ALICE, async (client) => {
      await client.ok('SELECT INBOX');
      await client.ok('STORE 2 +FLAGS (\\Flagged)');
      await client.ok('STORE 3 +FLAGS (\\Deleted)');
      await client.ok('EXPUNGE');
    });
    await sync();
    await sync();
    const listed = await server.list(ALICE);
    assert.deepEqual(listed.map(({ subject }) => subject).toSorted(), ['l1', 'r2', 'r5']);
    assert.deepEqual(Object.keys(folder('INBOX')).toSorted(), ['l1', 'r2', 'r5']);
    assert.match(folder('INBOX')['r2']!, /:2,F$/);
    assert.ok(listed.find(({ subject }) => subject === 'l1')!.flags.includes('\\Seen'));
    assert.equal((await server.list(ALICE, 'Local'))[0]?.subject, 'l2');

    const before = await server.list(ALICE);
    await sync();
    assert.deepEqual(await server.list(ALICE), before);
    await server.check();
  });

/** The files of a Maildir folder by the subject in them. */
function filesOf(dir: string): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const sub of ['cur', 'new'])
    for (const name of readdirSync(join(dir, sub))) {
      const path = join(dir, sub, name);
      files[/^Subject: (.*?)\r?$/m.exec(readFileSync(path, 'latin1'))![1]!] = path;
    }
  return files;
}
