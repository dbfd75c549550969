import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missing, type Outcome, run, runOk, sayVersion } from './program.ts';
import { Relay } from './relay.ts';
import { ALICE, BOB, HOST, PASSWORD, startServer, type TestServer } from './server.ts';

interface Ports {
  readonly imap: number;
  readonly smtp: number;
}

/** How it connects, and how passwords and certificate are kept from being asked for. */
const WAYS = {
  'in the clear': ['', 'set ssl_starttls=no\nset ssl_force_tls=no\nset imap_deflate=no'],
  compressed: ['', 'set ssl_starttls=no\nset ssl_force_tls=no\nset imap_deflate=yes'],
  'after STARTTLS': ['', 'set ssl_starttls=yes\nset ssl_force_tls=yes\nset imap_deflate=no'],
  'over TLS': ['s', 'set ssl_force_tls=yes\nset imap_deflate=yes'],
} as const;

/** Mutt and its child NeoMutt speak the same configuration and keys here. */
for (const mutt of ['mutt', 'neomutt'])
  for (const [how, [suffix, tls]] of Object.entries(WAYS))
    test(`${mutt} does its round, ${how}`, { skip: missing(mutt, 'script') }, async (t) => {
      sayVersion(t, mutt, '-v');
      const server = await startServer(t);
      const secure = suffix === 's';
      await using imap = await Relay.listen(server.port[secure ? 'imaps' : 'imap']);
      const smtp = server.port[secure ? 'submissions' : 'submission'];
      const config = writeConfig(server, { imap: imap.port, smtp }, suffix, tls);
      const start = [mutt, '-n', '-F', config];

      await t.test('sends in batch mode, with a copy in Sent', async () => {
        const attachment = join(server.work, 'any.bin');
        writeFileSync(attachment, Buffer.from(Array.from({ length: 1000 }, (_b, i) => i % 256)));
        const args = [...start.slice(1), '-s', 'Grüße aus mutt', '-a', attachment, '--', BOB];
        const stdin = 'Äpfel\n.\nFrom here\n';
        await runOk(mutt, args, { stdin, env: { LC_ALL: 'C.UTF-8' } });
        const [got] = await server.list(BOB);
        assert.match(got!.text, /^Subject: =\?utf-8\?/m);
        // NeoMutt makes no copy by IMAP in batch mode.
        if (mutt === 'neomutt') return;
        const [kept] = await server.list(ALICE, 'Sent');
        assert.ok(kept!.flags.includes('\\Seen'));
        assert.equal(bodyOf(kept!.text), bodyOf(got!.text));
      });

      await t.test('sends what was written in the editor, with a copy in Sent', async () => {
        const before = (await server.list(ALICE, 'Sent')).length;
        await inTerminal(server, start, [
          `<mail>${BOB}<enter>typed<enter>`,
          '<send-message><exit>',
        ]);
        const got = (await server.list(BOB)).at(-1)!;
        const sent = await server.list(ALICE, 'Sent');
        assert.equal(got.subject, 'typed');
        assert.equal(Buffer.from(bodyOf(got.text), 'latin1').toString(), '\r\n\r\n.typed Ä\r\n');
        assert.equal(sent.length, before + 1);
        assert.equal(bodyOf(sent.at(-1)!.text), bodyOf(got.text));
      });

      await t.test('flags, saves to another folder, deletes, and syncs', async () => {
        for (const subject of ['one', 'two', 'three', 'four', 'five'])
          await server.put(ALICE, subject);
        await server.imap(ALICE, (client) => client.ok('CREATE "Entw&APw-rfe"'));
        const keys = [
          '<first-entry><flag-message>',
          // Saving is copying and marking for deletion.
          '<first-entry><next-entry><save-message><kill-line>=Entwürfe<enter>',
          '<first-entry><next-entry><next-entry><delete-message>',
          '<last-entry><display-message><exit>',
          '<sync-mailbox><exit>',
        ];
        await inTerminal(server, start, keys);
        const listed = await server.list(ALICE);
        assert.deepEqual(
          listed.map(({ subject, flags }) => [subject, flags.includes('\\Flagged')]),
          [
            ['one', true],
            ['four', false],
            ['five', false],
          ],
        );
        assert.ok(listed[2]!.flags.includes('\\Seen'));
        const saved = await server.list(ALICE, 'Entwürfe');
        assert.deepEqual(
          saved.map(({ subject }) => subject),
          ['two'],
        );
      });

      await t.test('tags several by a search and changes them together', async () => {
        const keys = [
          '<tag-pattern>~s one|~s four<enter><tag-prefix><toggle-new>',
          '<untag-pattern>~A<enter>',
          '<tag-pattern>~b "text of f"<enter><tag-prefix><set-flag>r',
          '<sync-mailbox><exit>',
        ];
        await inTerminal(server, start, keys);
        const listed = await server.list(ALICE);
        assert.deepEqual(
          listed.map(({ subject, flags }) => [subject, flags.includes('\\Answered')]),
          [
            ['one', false],
            ['four', true],
            ['five', true],
          ],
        );
      });

      await t.test('makes and deletes a folder', async () => {
        // NeoMutt's browser begins with the mailboxes that are watched.
        const browse = `<change-folder>?${mutt === 'neomutt' ? '<tab>' : ''}`;
        await inTerminal(server, start, [`${browse}<create-mailbox>New<enter><exit><exit>`]);
        assert.ok((await server.folders(ALICE)).includes('New'));
        const drop = '<search>New<enter><delete-mailbox>y<exit><exit>';
        await inTerminal(server, start, [`${browse}${drop}`]);
        assert.ok(!(await server.folders(ALICE)).includes('New'));
      });

      if (how === 'compressed') {
        assert.equal(imap.imapCommands.includes('COMPRESS'), knowsCompression(mutt));
        assert.deepEqual(imap.refusals, []);
      }
      if (how === 'after STARTTLS') assert.deepEqual(imap.imapCommands, ['STARTTLS']);
      if (how === 'in the clear') {
        t.diagnostic(`IMAP commands: ${imap.imapCommands.join(', ')}`);
        assert.deepEqual(imap.refusals, []);
      }
      await server.check();
    });

/** Mutt is built with zlib; of NeoMutt, which says so, Debian's is not. */
function knowsCompression(mutt: string): boolean {
  return mutt === 'mutt' || / \+zlib/.test(spawnSync(mutt, ['-v'], { encoding: 'utf8' }).stdout);
}

/** Runs it on a pseudo terminal, with keys pushed into it. */
async function inTerminal(
  server: TestServer,
  start: readonly string[],
  keys: readonly string[],
): Promise<Outcome> {
  const pushed = join(server.work, 'keys');
  writeFileSync(pushed, `push '${keys.join('')}'\n`);
  const quoted = [...start, '-e', `source ${pushed}`].map((word) => `'${word}'`).join(' ');
  const env = { TERM: 'xterm', LC_ALL: 'C.UTF-8', LINES: '30', COLUMNS: '100' };
  const outcome = await run('script', ['-qec', quoted, '/dev/null'], { env, deadlineMs: 20_000 });
  assert.equal(outcome.code, 0, outcome.out);
  return outcome;
}

function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n'));
}

function writeConfig(server: TestServer, ports: Ports, suffix: string, tls: string): string {
  const user = encodeURIComponent(ALICE);
  const password = PASSWORD.replaceAll("'", "'\\''");
  const config = join(server.work, 'muttrc');
  const editor = join(server.work, 'editor');
  writeFileSync(editor, '#!/bin/sh\necho ".typed Ä" >> "$1"\n', { mode: 0o755 });
  const lines = [
    `set imap_user='${ALICE}'`,
    `set imap_pass='${password}'`,
    `set smtp_pass='${password}'`,
    `set folder='imap${suffix}://${user}@${HOST}:${ports.imap}/'`,
    `set smtp_url='smtp${suffix}://${user}@${HOST}:${ports.smtp}/'`,
    'set spoolfile=+INBOX',
    'set record==Sent',
    'set copy=yes',
    'set use_from=yes',
    `set from='${ALICE}'`,
    'set hostname=client.example.test',
    'set charset=utf-8',
    'set send_charset=us-ascii:utf-8',
    `set certificate_file='${server.certificate}'`,
    'set ssl_verify_host=no',
    'set ssl_verify_dates=no',
    tls,
    `set editor='${editor}'`,
    'set delete=yes',
    'set confirmappend=no',
    'set confirmcreate=no',
    'set quit=yes',
    'set wait_key=no',
    'set pager_index_lines=0',
    'set mark_old=no',
    'set sort=mailbox-order',
    'set imap_check_subscribed=no',
    'set mail_check=0',
    'set header_cache=""',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  return config;
}
