import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, missing, sayVersion } from './program.ts';
import { Relay } from './relay.ts';
import { ALICE, BOB, type Listed, startServer } from './server.ts';
import { Thunderbird } from './thunderbird.ts';

const skip = missing('thunderbird', 'Xvfb');
/** Where to put pictures of the screen; none are made without it (and ImageMagick's import). */
const PICTURES = process.env['POSTHORN_INTEROP_PICTURES'];

const subjects = (listed: readonly Listed[]): readonly string[] =>
  listed.map(({ subject }) => subject);

for (const security of ['plain', 'starttls', 'tls'] as const)
  test(`Thunderbird does its round, ${security}`, { skip }, async (t) => {
    sayVersion(t, 'thunderbird');
    const server = await startServer(t);
    for (const subject of ['one', 'two', 'three']) await server.put(ALICE, subject);
    // Thunderbird shows the folders that are subscribed to.
    for (const command of ['CREATE', 'SUBSCRIBE'])
      await server.imap(ALICE, (client) => client.ok(`${command} "Entw&APw-rfe"`));
    const tls = security === 'tls';
    await using imap = await Relay.listen(server.port[tls ? 'imaps' : 'imap']);
    await using smtp = await Relay.listen(server.port[tls ? 'submissions' : 'submission']);
    const ports = { imapPort: imap.port, smtpPort: smtp.port };
    const thunderbird = await Thunderbird.start(t, server, { ...ports, security });
    const picture = async (name: string): Promise<void> => {
      if (PICTURES === undefined) return;
      mkdirSync(PICTURES, { recursive: true });
      await thunderbird.picture(join(PICTURES, `${security}-${name}.png`));
    };
    /** Waits until a folder on the server is as wanted. */
    const onServer = (
      folder: string,
      what: string,
      wanted: (listed: readonly Listed[]) => boolean,
    ) =>
      eventually(`${folder}: ${what}`, async () => {
        const listed = await server.list(ALICE, folder);
        return wanted(listed) ? listed : undefined;
      });

    await t.test('shows the inbox', async () => {
      assert.deepEqual(await thunderbird.open('INBOX', 3), ['one', 'two', 'three']);
      await picture('1-inbox');
    });
    await t.test('opens a message, which is then seen', async () => {
      assert.match(await thunderbird.read('two'), /The text of two\.$/);
      await onServer('INBOX', 'two is seen', ([, two]) => two!.flags.includes('\\Seen'));
      await picture('2-message');
    });
    await t.test('flags and tags it', async () => {
      await thunderbird.command('cmd_markAsFlagged');
      await thunderbird.command('cmd_tag1');
      const [, two] = await onServer('INBOX', 'two is flagged', (listed) =>
        ['\\Flagged', '$label1'].every((flag) => listed[1]!.flags.includes(flag)),
      );
      assert.deepEqual(two!.flags, ['$label1', '\\Flagged', '\\Seen']);
    });
    await t.test('moves it to a folder with a name beyond ASCII', async () => {
      await thunderbird.command('cmd_moveMessage', 'Entwürfe');
      const [two] = await onServer('Entwürfe', 'one message', ({ length }) => length === 1);
      assert.equal(two!.subject, 'two');
      assert.deepEqual(two!.flags, ['$label1', '\\Flagged', '\\Seen']);
      await onServer('INBOX', 'two is gone', ({ length }) => length === 2);
    });
    await t.test('deletes one into the trash', async () => {
      await thunderbird.open('INBOX', 2);
      await thunderbird.read('three');
      await thunderbird.command('cmd_delete');
      const trash = await onServer('Trash', 'one message', ({ length }) => length === 1);
      assert.deepEqual(subjects(trash), ['three']);
      await picture('3-deleted');
    });
    await t.test('empties the trash', async () => {
      await thunderbird.run(`(await folderNamed('Trash')).emptyTrash(null);`);
      await onServer('Trash', 'nothing', ({ length }) => length === 0);
    });
    await t.test('makes a folder', async () => {
      await thunderbird.run(`root.createSubfolder('Größe & Maß', window.msgWindow);`);
      await eventually('the folder', async () =>
        (await server.folders(ALICE)).includes('Größe & Maß') ? true : undefined,
      );
    });
    await t.test('sends a message and keeps a copy in Sent', async () => {
      await thunderbird.send(BOB, 'Grüße', '.dot first\nÄpfel\n');
      const [got] = await eventually('the message arrives', async () => {
        const listed = await server.list(BOB);
        return listed.length > 0 ? listed : undefined;
      });
      const [kept] = await onServer('Sent', 'the copy', ({ length }) => length === 1);
      const messageId = /^Message-ID: .*$/m;
      assert.equal(messageId.exec(got!.text)?.[0], messageId.exec(kept!.text)?.[0]);
      assert.ok(kept!.flags.includes('\\Seen'));
      await picture('4-sent');
    });
    await t.test('sees what arrives while it looks', async () => {
      await thunderbird.open('INBOX', 1);
      // Only where the conversation can be read is it known whether it looks by then, or is still opening the folder.
      if (security === 'plain')
        await eventually('IDLE', async () => imap.imapCommands.includes('IDLE') || undefined);
      await server.put(ALICE, 'four');
      await thunderbird.run(`await until('the new message', () => pane.gDBView.rowCount === 2);`);
      assert.match(await thunderbird.read('four'), /The text of four\.$/);
      await picture('5-arrived');
    });
    if (security === 'starttls') {
      assert.match(imap.transcript, /^C: \S+ STARTTLS$/im);
      assert.match(smtp.transcript, /^C: STARTTLS$/m);
    }
    if (security === 'plain') {
      t.diagnostic(`IMAP commands: ${imap.imapCommands.join(', ')}`);
      assert.deepEqual(imap.refusals, []);
      for (const command of ['COMPRESS', 'IDLE']) assert.ok(imap.imapCommands.includes(command));
    }
    await server.check();
  });
