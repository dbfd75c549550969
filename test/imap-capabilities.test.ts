/** Holds docs/imap.md against the server: what it announces, which tests exercise that, and what is compared with others. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import {
  USER as ADMINISTRATOR,
  type StandOptions,
  stand,
} from '../src/protocols/imap4/stand.test.ts';
import type { ImapClient } from './clients/imap.ts';
import { startSaslServer, USER } from './sasl-house.ts';
import { TestDirectory } from './server.ts';

const ROOT = resolve(import.meta.dirname, '..');
const DOCUMENT = readFileSync(join(ROOT, 'docs/imap.md'), 'utf8');

/** The cells of the table under a heading, without its head. */
function tableUnder(heading: string): readonly (readonly string[])[] {
  const section = DOCUMENT.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  assert.ok(section !== undefined, `docs/imap.md has the section ${heading}`);
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** Without a number that depends on how the server is set up, and without which rights there are. */
function tokenOf(capability: string): string {
  return capability.replace(/(?<=LIMIT=)\d+$|(?<=^RIGHTS=).*$/, '');
}

async function announced(client: ImapClient): Promise<readonly string[]> {
  const { untagged } = await client.ok('CAPABILITY');
  return untagged.flatMap((data) =>
    data.type === 'CAPABILITY' ? data.capabilities.map(tokenOf) : [],
  );
}

/** What sessions hear before and after the login, set up in every way that changes it. */
async function announcedInEveryState(t: TestContext): Promise<ReadonlySet<string>> {
  const all = new Set<string>();
  const add = (tokens: readonly string[]): void => {
    for (const token of tokens) all.add(token);
  };
  const setUps: StandOptions[] = [
    { tls: true, remote: true },
    { limits: { messageLimit: 1000 } },
    { limits: { saveLimit: 1000 }, administrators: [ADMINISTRATOR] },
  ];
  for (const options of setUps) {
    const { connect, open } = await stand(t, options);
    add(await announced(await connect()));
    if (options.remote !== true) add(await announced(await open()));
  }
  for (const token of await saslTokens()) all.add(token);
  return all;
}

/** What the greeting announces where every mechanism can be used, to a client with a certificate. */
async function saslTokens(): Promise<readonly string[]> {
  using directory = new TestDirectory();
  const { server, authority } = await startSaslServer(directory, ['imaps']);
  const { cert, key } = await authority.issue('ann', [USER]);
  const port = server.port('imaps');
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, cert, key });
  try {
    let greeting = '';
    for await (const chunk of socket.setEncoding('latin1')) {
      greeting += chunk;
      if (greeting.includes('\r\n')) break;
    }
    return /\[CAPABILITY (.*?)\]/.exec(greeting)![1]!.split(' ').map(tokenOf);
  } finally {
    socket.destroy();
    await server.stop();
  }
}

/** The titles of the tests in a file, as they are written in it. */
function titlesIn(path: string): ReadonlySet<string> {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const calls = text.matchAll(/\btest\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g);
  return new Set(
    Array.from(calls, ([, single, double]) => (single ?? double)!.replaceAll(/\\(.)/g, '$1')),
  );
}

/** The tests that a cell names: `path` “title”, “title”; `path` “title”. */
function testsIn(cell: string): readonly (readonly [path: string, title: string])[] {
  return [...cell.matchAll(/`([^`]+)`((?:,? “[^”]+”)+)/g)].flatMap(([, path, titles]) =>
    Array.from(titles!.matchAll(/“([^”]+)”/g), ([, title]) => [path!, title!] as const),
  );
}

const LIMIT = { timeout: 120_000 };
let heard: Promise<ReadonlySet<string>> | undefined;

test('docs/imap.md lists what the server announces, each once, in order', LIMIT, async (t) => {
  heard ??= announcedInEveryState(t);
  const listed = tableUnder('Capabilities').map(([token]) => token!);
  assert.deepEqual(listed, [...(await heard)].sort(inOrder));
});

test('docs/imap.md shows CAPABILITY as it is printed after the login', LIMIT, async (t) => {
  const { open } = await stand(t);
  const { untagged } = await (await open()).ok('CAPABILITY');
  const [printed] = untagged;
  assert.ok(printed?.type === 'CAPABILITY');
  const shown = /^```\n\* CAPABILITY (.*?)\n```$/ms.exec(DOCUMENT)?.[1]?.split(/\s+/);
  assert.deepEqual(shown, printed.capabilities);
});

test('docs/imap.md names tests that exist, for each capability', () => {
  const known = new Map<string, ReadonlySet<string>>();
  for (const [token, cell] of tableUnder('Capabilities')) {
    const tests = testsIn(cell!);
    assert.ok(tests.length > 0, `${token} has tests`);
    assert.equal(
      cell!.match(/“/g)!.length,
      tests.length,
      `${token}: every title stands behind a file`,
    );
    for (const [path, title] of tests) {
      assert.ok(existsSync(join(ROOT, path)), `${token}: ${path} exists`);
      if (!known.has(path)) known.set(path, titlesIn(path));
      assert.ok(known.get(path)!.has(title), `${token}: ${path} has a test “${title}”`);
    }
  }
});

test('docs/imap.md compares what the server announces itself with others', LIMIT, async (t) => {
  heard ??= announcedInEveryState(t);
  const tokens = await heard;
  const rows = tableUnder('Side by side').map(([token, posthorn]) => [token!, posthorn!] as const);
  assert.deepEqual(
    rows.map(([token]) => token),
    rows.map(([token]) => token).sort(inOrder),
  );
  for (const [token, posthorn] of rows)
    assert.equal(posthorn !== '–', tokens.has(token), `${token} of Posthorn`);
  const compared = new Set(rows.map(([token]) => token));
  const channel = /^(AUTH=|LOGINDISABLED$|STARTTLS$)/;
  for (const token of tokens)
    assert.ok(compared.has(token) || channel.test(token), `${token} is compared`);
});

function inOrder(one: string, other: string): number {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  return a < b ? -1 : a > b ? 1 : 0;
}
