import assert from 'node:assert/strict';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { TestClock } from '#kernel';
import { BLOB_DIRECTORY, DATABASE_FILE, openSqlite, type SqliteEngine } from '#storage/sqlite';
import {
  addBox,
  blobContent,
  contentOf,
  problemsOf,
  run,
} from '../conformance/fixture.conformance.ts';
import { freshDirectory } from '../fresh.conformance.ts';
import type { Problem } from '../reads.ts';

interface House {
  readonly dir: string;
  readonly blobPath: string;
}

/** Two mailboxes, five entries, a shared content (1), a copied one, a blob (3), and something to clean up (4). */
async function build(t: TestContext): Promise<House> {
  const dir = freshDirectory(t);
  const engine = openSqlite(dir, new TestClock());
  const [a, b] = [await addBox(engine), await addBox(engine)];
  const blob = await blobContent(engine, 'blob', Buffer.alloc(2_500_000, 'blob '));
  const contents = [contentOf('shared'), contentOf('single'), blob, contentOf('orphan')];
  const targets = [a.target(), b.target()];
  for (const content of [1, 2, 3]) targets.push(a.target({ content, keywords: ['k'] }));
  await run(engine, { kind: 'ingest', contents, targets, tracking: [] });
  const uids = [[4, 4]] as never;
  await run(engine, { kind: 'expunge', ...a.ref(), uids, onlyDeleted: false });
  const folderId = await a.create('copies');
  const copied = [[2, 2]] as never;
  await run(engine, { kind: 'copy', ...a.ref(), uids: copied, to: a.ref(folderId), move: false });
  await engine[Symbol.asyncDispose]();
  assert.ok(blob.body.kind === 'blob');
  const name = blob.body.blob;
  return { dir, blobPath: join(dir, BLOB_DIRECTORY, name.slice(0, 2), name) };
}

async function check(dir: string): Promise<readonly Problem[]> {
  const engine: SqliteEngine = openSqlite(dir, new TestClock());
  const problems = await problemsOf(engine);
  await engine[Symbol.asyncDispose]();
  return problems;
}

/** Damage by SQL or to the blob's file, and exactly what the check must say of it. */
const damages: readonly {
  readonly name: string;
  readonly sql?: string;
  readonly file?: (path: string) => void;
  readonly found: readonly (readonly [Problem['kind'], RegExp])[];
}[] = [
  {
    name: 'one byte of a body',
    sql: "UPDATE content SET body = CAST('S' || substr(CAST(body AS TEXT), 2) AS BLOB) WHERE content_id = 2",
    found: [['checksum', /^content 2: \d+ bytes do not have/]],
  },
  {
    name: 'one byte of a head',
    sql: "UPDATE content SET head = CAST('s' || substr(CAST(head AS TEXT), 2) AS BLOB) WHERE content_id = 1",
    found: [['checksum', /^content 1:/]],
  },
  {
    name: 'one byte of the head of a content in a blob',
    sql: "UPDATE content SET head = CAST('s' || substr(CAST(head AS TEXT), 2) AS BLOB) WHERE content_id = 3",
    found: [['checksum', /^content 3:/]],
  },
  {
    name: 'a blob that is gone',
    file: (path) => rmSync(path),
    found: [['blob', /^content 3: blob \w+ is missing$/]],
  },
  {
    name: 'a blob that is cut',
    file: (path) => truncateSync(path, 2_000_000),
    found: [
      ['blob', /^content 3: blob \w+ is shorter/],
      ['blob', /^blob \w+ has 2000000 bytes, not 2500000$/],
    ],
  },
  {
    name: 'one byte of a blob',
    file(path) {
      const bytes = readFileSync(path);
      bytes[1_234_567]! ^= 1;
      writeFileSync(path, bytes);
    },
    found: [['checksum', /^content 3:/]],
  },
  ...['messages', 'unseen', 'deleted', 'size_bytes'].map((column) => ({
    name: `the counter ${column} of a folder`,
    sql: `UPDATE folder SET ${column} = ${column} + 1 WHERE mailbox_id = 2 AND folder_id = 1`,
    found: [
      ['counter', /^mailbox 2 folder INBOX: messages\/unseen\/deleted\/bytes counted/] as const,
      ...(column === 'messages' || column === 'size_bytes'
        ? [['counter', /^mailbox 2: messages\/bytes counted/] as const]
        : []),
    ],
  })),
  {
    name: "a mailbox's usage",
    sql: 'UPDATE mailbox SET used_bytes = used_bytes - 1 WHERE mailbox_id = 1',
    found: [['counter', /^mailbox 1: messages\/bytes counted 4\/\d+, there 4\/\d+$/]],
  },
  {
    name: 'a uidnext that has been reached',
    sql: 'UPDATE folder SET uid_next = 3 WHERE mailbox_id = 1 AND folder_id = 1',
    found: [['counter', /^mailbox 1 folder INBOX: uidnext 3, .* uid 3/]],
  },
  {
    name: 'a modseq of a mailbox that falls behind',
    sql: 'UPDATE mailbox SET modseq = 1 WHERE mailbox_id = 2',
    found: [['counter', /^mailbox 2: modseq 1, but a folder has \d+$/]],
  },
  {
    name: 'an entry that is lost',
    sql: 'DELETE FROM entry WHERE mailbox_id = 1 AND folder_id = 1 AND uid = 3',
    found: [
      ['reference', /^content 3: 1 references counted, 0 there$/],
      ['counter', /^mailbox 1 folder INBOX: .* counted 3\/3\/0\/\d+, there 2\/2\/0\/\d+$/],
    ],
  },
  {
    name: 'a content that is lost',
    sql: 'DELETE FROM content WHERE content_id = 3',
    found: [['reference', /^mailbox 1 folder 1 uid 3: content 3 is missing$/]],
  },
  {
    name: 'a count of references',
    sql: 'UPDATE content_ref SET refs = 3 WHERE content_id = 2',
    found: [['reference', /^content 2: 3 references counted, 2 there$/]],
  },
  {
    name: 'a count of references that is lost',
    sql: 'DELETE FROM content_ref WHERE content_id = 1',
    found: [['reference', /^content 1: 1 references counted, 2 there$/]],
  },
  {
    name: 'a content in use that is to be cleaned up',
    sql: 'INSERT INTO orphan VALUES (3)',
    found: [['reference', /^content 3 is to be cleaned up, but 1 messages show it$/]],
  },
  {
    name: 'a folder that is lost',
    sql: "DELETE FROM folder WHERE mailbox_id = 1 AND name = 'copies'",
    found: [
      ['reference', /^mailbox 1 folder 2: 1 messages, but no such folder$/],
      ['counter', /^mailbox 1: messages\/bytes/],
    ],
  },
  {
    name: 'a recipient that is lost',
    sql: 'DELETE FROM recipient WHERE mailbox_id = 2',
    found: [['reference', /^address \S+ leads to mailbox 2, which is missing$/]],
  },
  {
    name: 'an index',
    sql: "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'address_domain'",
    found: [['database', /./]],
  },
];

describe('check', () => {
  test('finds nothing in what was written properly, and tells how far it is', async (t) => {
    const { dir } = await build(t);
    const engine = openSqlite(dir, new TestClock());
    const seen: [number, number][] = [];
    for await (const problem of engine.read.check((done, total) => seen.push([done, total])))
      assert.fail(problem.text);
    assert.deepEqual(seen, [[4, 4]]);
    await engine[Symbol.asyncDispose]();
  });

  for (const { name, sql, file, found } of damages) {
    test(`reports ${name}, and nothing else`, async (t) => {
      const { dir, blobPath } = await build(t);
      if (sql !== undefined) {
        const db = new DatabaseSync(join(dir, DATABASE_FILE), { defensive: false });
        db.exec(sql);
        db.close();
      }
      file?.(blobPath);
      const problems = await check(dir);
      const text = problems.map((problem) => `${problem.kind}: ${problem.text}`).join('\n');
      assert.equal(problems.length, found.length, text);
      for (const [kind, pattern] of found)
        assert.ok(
          problems.some((problem) => problem.kind === kind && pattern.test(problem.text)),
          `${kind} ${pattern} in:\n${text}`,
        );
    });
  }
});
