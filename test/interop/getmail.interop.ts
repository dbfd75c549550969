import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missing, runOk, sayVersion } from './program.ts';
import { ALICE, HOST, PASSWORD, startServer } from './server.ts';

const skip = missing('getmail');
const SUBJECTS = ['one', 'two', 'three'];

const RETRIEVERS = [
  ['SimplePOP3Retriever', 'pop3'],
  ['SimplePOP3SSLRetriever', 'pop3s'],
  ['SimpleIMAPRetriever', 'imap'],
  ['SimpleIMAPSSLRetriever', 'imaps'],
] as const;

for (const [type, listener] of RETRIEVERS)
  test(`getmail fetches and deletes with ${type}`, { skip }, async (t) => {
    sayVersion(t, 'getmail');
    const server = await startServer(t);
    for (const subject of SUBJECTS) await server.put(ALICE, subject);
    const mails = join(server.work, 'mails');
    mkdirSync(mails);
    const config = [
      '[retriever]',
      `type = ${type}`,
      `server = ${HOST}`,
      `port = ${server.port[listener]}`,
      `username = ${ALICE}`,
      `password = ${PASSWORD}`,
      ...(type.startsWith('SimpleIMAP') ? ['mailboxes = ("INBOX",)'] : []),
      '[destination]',
      'type = MDA_external',
      'path = /bin/sh',
      `arguments = ("-c", "cat > ${mails}/$$")`,
      'allow_root_commands = true',
      '[options]',
      'verbose = 1',
    ];
    writeFileSync(join(server.work, 'getmailrc'), `${config.join('\n')}\n`, { mode: 0o600 });
    /** One round; gives the subjects of all that was delivered up to now. */
    const fetch = async (...options: readonly string[]): Promise<readonly string[]> => {
      await runOk('getmail', ['--getmaildir', server.work, ...options]);
      return readdirSync(mails)
        .map((name) => readFileSync(join(mails, name), 'latin1'))
        .map((text) => /^Subject: (.*?)\r?$/m.exec(text)![1]!)
        .toSorted();
    };
    const left = async (): Promise<readonly string[]> =>
      (await server.list(ALICE)).map(({ subject }) => subject);

    assert.deepEqual(await fetch('--dont-delete'), SUBJECTS.toSorted());
    assert.deepEqual(await left(), SUBJECTS);
    await server.put(ALICE, 'four');
    assert.deepEqual(await fetch('--new', '--dont-delete'), [...SUBJECTS, 'four'].toSorted());
    await fetch('--new', '--delete');
    assert.deepEqual(await left(), []);
    await server.check();
  });
