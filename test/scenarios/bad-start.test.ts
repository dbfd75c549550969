/** What keeps a server from starting: one clear sentence, exit 1, nothing changed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { ENGINE } from '../../src/storage/fresh.conformance.ts';
import { addMailboxes, checkIsClean, posthorn, TestDirectory, TestServer } from '../server.ts';

interface Case {
  readonly name: string;
  /** The engine it is about, when it is not about both: its files. That of PostgreSQL has tests of its own beside `schema.ts`. */
  readonly only?: typeof ENGINE;
  readonly reason: RegExp;
  /** Makes things bad; gives arguments of `start` and what is to be undone in the end. */
  readonly prepare: (
    dir: TestDirectory,
  ) => Promise<{ readonly args: readonly string[]; readonly end?: () => Promise<unknown> }>;
}

const LISTEN = ['--listen', 'smtp=127.0.0.1:0'];

function withConfig(dir: TestDirectory, text: string): readonly string[] {
  const file = join(dir.root, 'posthorn.json');
  writeFileSync(file, text);
  return ['--config', file];
}

const CASES: readonly Case[] = [
  {
    name: 'a configuration with an unknown key',
    reason: /posthorn\.json: .*"?hostnam"?.*\(known are .*hostname/,
    prepare: async (dir) => ({ args: [...withConfig(dir, '{"hostnam": "x"}'), ...LISTEN] }),
  },
  {
    name: 'a configuration with a wrong value',
    reason: /posthorn\.json: "fronts"/,
    prepare: async (dir) => ({ args: [...withConfig(dir, '{"fronts": 0}'), ...LISTEN] }),
  },
  {
    name: 'a configuration that is no JSON',
    reason: /posthorn\.json: /,
    prepare: async (dir) => ({ args: [...withConfig(dir, 'fronts = 2'), ...LISTEN] }),
  },
  {
    name: 'a configuration that is not there',
    reason: /nowhere\.json/,
    prepare: async (dir) => ({ args: ['--config', join(dir.root, 'nowhere.json'), ...LISTEN] }),
  },
  {
    name: 'a taken port',
    reason: /cannot listen for imap on 127\.0\.0\.1:\d+: the port is taken/,
    prepare: async () => {
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      const end = () => new Promise((done) => holder.close(done));
      return { args: [...LISTEN, `imap=127.0.0.1:${port}`], end };
    },
  },
  {
    name: 'data of a newer format',
    only: 'sqlite',
    reason: /has format 99 .*Nothing was changed/,
    prepare: async (dir) => {
      const db = new DatabaseSync(join(dir.data, 'posthorn.db'));
      db.exec("UPDATE header SET value = 99 WHERE key IN ('format_version', 'least_writer')");
      db.close();
      return { args: LISTEN };
    },
  },
  {
    name: 'a database that is none of ours',
    only: 'sqlite',
    reason: /posthorn\.db/,
    prepare: async (dir) => {
      writeFileSync(join(dir.data, 'posthorn.db'), 'not a database'.repeat(1000));
      return { args: LISTEN };
    },
  },
  {
    name: 'a second server on the same data',
    reason: /another Posthorn uses /,
    prepare: async (dir) => {
      const first = await TestServer.start({ data: dir.data });
      const end = async (): Promise<void> => {
        await using _client = await first.smtp();
        await first.stop();
        await checkIsClean(dir.data);
      };
      return { args: LISTEN, end };
    },
  },
];

/** Every file below a directory with what it says, so that no change goes unseen. */
function picture(path: string): Readonly<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const { mode } = statSync(file);
    // Readers lock themselves in the -shm; it holds nothing that lasts.
    const content =
      entry.isFile() && !entry.name.endsWith('-shm')
        ? createHash('sha256').update(readFileSync(file)).digest('hex')
        : '';
    seen[file] = `${mode.toString(8)} ${content}`;
  }
  return seen;
}

for (const { name, reason, prepare } of CASES.filter(({ only = ENGINE }) => only === ENGINE))
  test(`${name}: one sentence, exit 1, nothing changed`, async () => {
    using dir = new TestDirectory();
    await addMailboxes(dir.data, 1);
    const { args, end } = await prepare(dir);
    const before = picture(dir.root);
    const { code, out, err } = await posthorn('start', '--data', dir.data, ...args);
    const after = picture(dir.root);
    await end?.();
    assert.match(err, /^posthorn: [^\n]+\n$/);
    assert.match(err, reason);
    assert.deepEqual([code, out], [1, '']);
    assert.deepEqual(after, before);
  });

test('a bad configuration makes no data directory', async () => {
  using dir = new TestDirectory();
  const config = withConfig(dir, '{"listen": {"gopher": "127.0.0.1:70"}}');
  chmodSync(dir.root, 0o700);
  const before = picture(dir.root);
  const { code, err } = await posthorn('start', '--data', dir.data, ...config);
  assert.match(err, /^posthorn: [^\n]*gopher[^\n]*\n$/);
  assert.equal(code, 1);
  assert.deepEqual(picture(dir.root), before);
});
