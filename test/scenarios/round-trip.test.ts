/** What is sent by SMTP comes back by IMAP and POP3, byte for byte. `SCENARIO_MAILS=2000` for the long form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMailboxes, checkIsClean, TestDirectory, TestServer } from '../server.ts';
import { skipWithoutCorpora } from './corpora.ts';
import { compareInboxes, MAILBOXES, planMails, sendMails } from './real-mails.ts';

const MAILS = Number(process.env['SCENARIO_MAILS'] ?? 300);

test('real mails come back byte for byte, in order', { skip: skipWithoutCorpora }, async (t) => {
  const mails = planMails(MAILS);
  using dir = new TestDirectory();
  const addresses = await addMailboxes(dir.data, MAILBOXES);
  await using server = await TestServer.start({ data: dir.data });
  const sendMs = performance.now();
  await sendMails(server, mails, addresses);
  const readMs = performance.now();
  const copies = await compareInboxes(server, mails, addresses);
  t.diagnostic(
    `${mails.length} mails (${mails.filter(({ way }) => way === 'binary').length} binary) in ${copies} copies: ` +
      `sent in ${Math.round(readMs - sendMs)} ms, read twice in ${Math.round(performance.now() - readMs)} ms`,
  );
  assert.equal(await checkIsClean(dir.data), copies);
  await server.stop();
});
