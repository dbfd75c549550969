import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { missing, runOk, sayVersion } from './program.ts';
import { ALICE, HOST, type Listener, PASSWORD, startServer, type TestServer } from './server.ts';

const skip = missing('fetchmail');
const SUBJECTS = ['one', 'two', 'three'];
/** fetchmail's exit code when there was nothing new. */
const NO_MAIL = 1;
/** What makes it take STARTTLS or STLS where it is offered. */
const STARTTLS = 'sslproto "auto" no sslcertck';

/** Fetchmail on a directory of its own: gives the subjects it delivered. */
class Fetchmail {
  readonly #server: TestServer;
  readonly #dir: string;
  readonly #config: string;
  readonly #ssl: string;

  constructor(server: TestServer, listener: Listener, protocol: string, ssl: string) {
    this.#server = server;
    this.#ssl = ssl;
    this.#dir = server.work;
    this.#config = join(this.#dir, 'fetchmailrc');
    // Its double-quoted strings cannot hold a double quote.
    const password = PASSWORD.replaceAll('\\', '\\\\');
    const config = [
      `set idfile "${join(this.#dir, 'fetchids')}"`,
      `poll ${HOST} service ${server.port[listener]} protocol ${protocol} timeout 20`,
      `  user "${ALICE}" password '${password}' ${ssl}`,
      `  mda "cat > ${join(this.#dir, 'mail')}.$$" no rewrite`,
    ];
    writeFileSync(this.#config, `${config.join('\n')}\n`, { mode: 0o600 });
  }

  /** One round; gives what was delivered, in the order of arrival. */
  async fetch(...options: readonly string[]): Promise<readonly string[]> {
    const before = new Set(readdirSync(this.#dir));
    const { out, err } = await runOk('fetchmail', ['-v', '-f', this.#config, ...options], {
      env: { FETCHMAILHOME: this.#dir },
      codes: [0, NO_MAIL],
    });
    assert.doesNotMatch(out + err, /protocol error|-ERR|BAD /);
    const upgraded = /> (?:STLS|A\d+ STARTTLS)/.test(out + err);
    assert.equal(upgraded, this.#ssl === STARTTLS, out + err);
    const files = readdirSync(this.#dir).filter(
      (name) => /^mail\./.test(name) && !before.has(name),
    );
    return files
      .map(
        (name) => /^Subject: (.*?)\r?$/m.exec(readFileSync(join(this.#dir, name), 'latin1'))![1]!,
      )
      .toSorted((a, b) => SUBJECTS.indexOf(a) - SUBJECTS.indexOf(b));
  }

  async left(): Promise<readonly string[]> {
    return (await this.#server.list(ALICE)).map(({ subject }) => subject);
  }
}

async function stand(t: TestContext, ...how: [Listener, string, string]): Promise<Fetchmail> {
  const server = await startServer(t);
  for (const subject of SUBJECTS) await server.put(ALICE, subject);
  return new Fetchmail(server, ...how);
}

const TLS_WAYS = [
  ['in the clear', '', 'sslproto ""'],
  ['after STARTTLS', '', STARTTLS],
  ['over TLS', 's', 'ssl no sslcertck'],
] as const;

for (const [name, suffix, ssl] of TLS_WAYS) {
  test(`fetchmail empties a mailbox by POP3 ${name}`, { skip }, async (t) => {
    sayVersion(t, 'fetchmail');
    const fetchmail = await stand(t, `pop3${suffix}`, 'pop3', ssl);
    assert.deepEqual(await fetchmail.fetch('--keep', '--uidl'), SUBJECTS);
    assert.deepEqual(await fetchmail.left(), SUBJECTS);
    assert.deepEqual(await fetchmail.fetch('--keep', '--uidl'), []);
    assert.deepEqual(await fetchmail.fetch('--all', '--nokeep'), SUBJECTS);
    assert.deepEqual(await fetchmail.left(), []);
    assert.deepEqual(await fetchmail.fetch('--all'), []);
  });

  test(`fetchmail empties a mailbox by IMAP ${name}`, { skip }, async (t) => {
    const fetchmail = await stand(t, `imap${suffix}`, 'imap', ssl);
    assert.deepEqual(await fetchmail.fetch('--keep'), SUBJECTS);
    assert.deepEqual(await fetchmail.left(), SUBJECTS);
    // What it keeps it marks as seen, and takes what is seen for fetched.
    assert.deepEqual(await fetchmail.fetch('--keep'), []);
    assert.deepEqual(await fetchmail.fetch('--all', '--nokeep', '--expunge', '1'), SUBJECTS);
    assert.deepEqual(await fetchmail.left(), []);
  });
}

test('fetchmail --uidl fetches only what came since', { skip }, async (t) => {
  const server = await startServer(t);
  const fetchmail = new Fetchmail(server, 'pop3', 'pop3', 'sslproto ""');
  for (const [i, subject] of SUBJECTS.entries()) {
    await server.put(ALICE, subject);
    assert.deepEqual(await fetchmail.fetch('--keep', '--uidl'), [subject]);
    assert.deepEqual(await fetchmail.left(), SUBJECTS.slice(0, i + 1));
  }
  await server.check();
});
