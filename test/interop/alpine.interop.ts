import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, missing, sayVersion } from './program.ts';
import { Relay } from './relay.ts';
import { ALICE, HOST, type Listener, PASSWORD, startServer, type TestServer } from './server.ts';
import { Terminal } from './terminal.ts';

const skip = missing('alpine', 'script');

/** How it connects: which listener, and what its mailbox name says about encryption. */
const WAYS = {
  'in the clear': ['', '/notls'],
  'after STARTTLS': ['', '/tls/novalidate-cert'],
  'over TLS': ['s', '/ssl/novalidate-cert'],
} as const;

/** It says one or the other, as fast as it is. */
const SAVED = /Saving DONE|copied to folder/;

/** Saves a copy of the message. */
const save = (folder: string): string => `s${folder}\r`;

for (const [how, [suffix, flags]] of Object.entries(WAYS))
  test(`alpine does its round by IMAP, ${how}`, { skip }, async (t) => {
    sayVersion(t, 'alpine', '-v');
    const server = await startServer(t);
    for (const subject of ['one', 'two', 'three', 'four']) await server.put(ALICE, subject);
    await using relay = await Relay.listen(server.port[`imap${suffix}`]);
    const box = `{${HOST}:${relay.port}/imap${flags}/user="${ALICE}"}`;
    const alpine = await open(t, server, { inbox: `${box}INBOX`, folders: `Mail ${box}[]` });

    await alpine.see(/opened with 4 messages/);
    alpine.type('\r');
    await alpine.see(/The text of one/);
    alpine.type('<');
    await alpine.see(/MESSAGE INDEX/);
    alpine.type('*');
    await alpine.see(/Important \?/);
    alpine.type('*');
    await alpine.see(/\* 1 /);
    alpine.type(`n${save('Kept')}`);
    await alpine.see(/doesn't exist. Create\?/);
    alpine.type('y');
    await alpine.see(SAVED);
    alpine.type('nd');
    await alpine.see(/Message 3 marked for deletion/);
    alpine.type('x');
    await alpine.see(/1 message expunged/);
    const listed = await server.list(ALICE);
    assert.deepEqual(
      listed.map(({ subject, flags }) => [subject, flags]),
      [
        ['one', ['\\Flagged', '\\Seen']],
        ['two', []],
        ['four', []],
      ],
    );
    const kept = await server.list(ALICE, 'Kept');
    assert.deepEqual(
      kept.map(({ subject, text }) => [subject, text]),
      [['two', listed[1]!.text]],
    );

    // What arrives while it looks; Ctrl-L has it look now.
    await server.put(ALICE, 'five');
    alpine.type('\x0c');
    await alpine.see(/Bob \(170\) five/);
    // All that is not flagged is deleted together.
    alpine.type(';');
    await alpine.see(/SELECT criteria/);
    alpine.type('s');
    await alpine.see(/Important/);
    alpine.type('!*');
    await alpine.see(/3 messages/);
    alpine.type('ad');
    await alpine.see(/marked for deletion/);
    alpine.type('x');
    await alpine.see(/messages expunged/);
    alpine.type('gKept\r');
    await alpine.see(/opened with 1 message/);
    alpine.type('\r');
    await alpine.see(/The text of two/);
    alpine.type('q');
    assert.equal(await alpine.closed(), 0);
    assert.deepEqual(
      (await server.list(ALICE)).map(({ subject }) => subject),
      ['one'],
    );
    assert.deepEqual((await server.list(ALICE, 'Kept'))[0]!.flags, ['\\Seen']);
    if (how === 'in the clear') {
      t.diagnostic(`IMAP commands: ${relay.imapCommands.join(', ')}`);
      assert.deepEqual(relay.refusals, []);
    }
    if (how === 'after STARTTLS') assert.match(relay.transcript, /^C: \S+ STARTTLS$/m);
    await server.check();
  });

for (const [how, [suffix, flags]] of Object.entries(WAYS))
  test(`alpine reads and deletes by POP3, ${how}`, { skip }, async (t) => {
    const server = await startServer(t);
    for (const subject of ['one', 'two', 'three']) await server.put(ALICE, subject);
    const listener: Listener = `pop3${suffix}`;
    await using relay = await Relay.listen(server.port[listener]);
    const inbox = `{${HOST}:${relay.port}/pop3${flags}/user="${ALICE}"}INBOX`;
    const local = join(server.work, 'mail');
    const alpine = await open(t, server, { inbox, folders: `Mail ${local}/[]` });

    await alpine.see(/opened with 3 messages/);
    alpine.type('\r');
    await alpine.see(/The text of one/);
    alpine.type('<');
    await alpine.see(/MESSAGE INDEX/);
    alpine.type(`n${save('kept')}`);
    await alpine.see(/doesn't exist. Create\?/);
    alpine.type('y');
    await alpine.see(SAVED);
    alpine.type('nd');
    await alpine.see(/Last message marked for deletion/);
    alpine.type('x');
    await alpine.see(/1 message expunged/);
    alpine.type('q');
    assert.equal(await alpine.closed(), 0);
    await eventually('two are left', async () =>
      (await server.list(ALICE)).length === 2 ? true : undefined,
    );
    const listed = await server.list(ALICE);
    assert.deepEqual(
      listed.map(({ subject }) => subject),
      ['one', 'two'],
    );
    assert.ok(listed[0]!.flags.includes('\\Seen'));
    assert.match(readFileSync(join(local, 'kept'), 'latin1'), /^The text of two\.$/m);
    if (how === 'in the clear') {
      const commands = relay.transcript.matchAll(/^C: ([A-Z0-9]+)/gm);
      t.diagnostic(
        `POP3 commands: ${[...new Set([...commands].map(([, name]) => name))].join(', ')}`,
      );
    }
    if (how === 'after STARTTLS') assert.match(relay.transcript, /^C: STLS$/m);
    await server.check();
  });

/** Starts alpine with its folder list and logs in. */
async function open(
  t: TestContext,
  server: TestServer,
  { inbox, folders }: { readonly inbox: string; readonly folders: string },
): Promise<Terminal> {
  const config = join(server.work, 'pinerc');
  const lines = [
    'personal-name=Alice',
    'user-domain=example.test',
    `inbox-path=${inbox}`,
    `folder-collections=${folders}`,
    'feature-list=expunge-without-confirm,expunge-without-confirm-everywhere,quit-without-confirm,' +
      'enable-flag-cmd,save-will-not-delete,enable-aggregate-command-set',
    'sort-key=arrival',
    // Nothing is asked or greeted at the first start.
    'last-version-used=99.99',
    'last-time-prune-questioned=1000.1',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const command = ['alpine', '-nowrite_password_cache', '-p', config, '-i'];
  const alpine = Terminal.start(t, command, { HOME: server.work });
  await alpine.see(/ENTER PASSWORD/);
  alpine.type(`${PASSWORD}\r`);
  await alpine.see(/Preserve password/);
  alpine.type('n');
  return alpine;
}
