import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ErrorCode, isPosthornError } from '#kernel';
import { freePort } from '../../../test/free-port.ts';
import { addBox, Box, problemsOf } from '../conformance/fixture.conformance.ts';
import { limits, nodeOf, sharedServer, skip } from './house.conformance.ts';
import { parseTarget } from './target.ts';

/** Asserts that a node does not start, with this code and a text that says this and no password. */
async function startFails(node: Promise<unknown>, code: ErrorCode, says: RegExp): Promise<void> {
  await assert.rejects(node, (error) => {
    assert.ok(isPosthornError(error), String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    for (let at: unknown = error; at instanceof Error; at = at.cause)
      assert.doesNotMatch(`${at.stack}`, /s3cret/);
    return true;
  });
}

describe('the start', { skip }, () => {
  const shared = sharedServer();

  test('of several nodes at once on an empty database makes one schema', async (t) => {
    const server = shared();
    const url = server.freshSchemaUrl();
    const nodes = await Promise.all([1, 2, 3, 4].map(() => nodeOf(t, url)));
    const box = await addBox(nodes[0]!);
    for (const node of nodes) assert.ok((await node.read.mailbox(box.mailboxId)) !== undefined);
    const settings = await Promise.all(
      nodes.map((node, index) => node.keptSetting('name', `${index}`)),
    );
    assert.equal(new Set(settings).size, 1);
  });

  test('refuses a newer format and the tables of others before it writes a byte', async (t) => {
    const server = shared();
    const url = server.freshSchemaUrl();
    const { schema } = parseTarget(url);
    await (await nodeOf(t, url))[Symbol.asyncDispose]();
    await server.query(`update ${schema}.header set value = '7' where key like 'least_%'`);
    await server.query(`update ${schema}.header set value = '9' where key = 'format_version'`);
    const written = async (): Promise<unknown> =>
      await server.query(`select xmin::text, * from ${schema}.header order by key`);
    const before = await written();
    await startFails(
      nodeOf(t, url),
      'format-newer',
      /format 9 .* writes format 7.*Nothing was changed/s,
    );
    assert.deepEqual(await written(), before);

    for (const table of ['thing(id int)', 'header(id int)', 'header(key text, value text)']) {
      const other = server.freshSchemaUrl();
      const theirs = parseTarget(other).schema;
      // Not even visible to Posthorn's user, who may create tables beside it.
      await server.query(`create schema ${theirs}`);
      await server.query(`create table ${theirs}.${table}`);
      await server.query(`grant create, usage on schema ${theirs} to public`);
      if (table.includes('value')) await server.query(`grant select on ${theirs}.header to public`);
      await startFails(nodeOf(t, other), 'corrupt', new RegExp(`the schema ${theirs} has`));
      const tables = await server.query('select from pg_tables where schemaname = $1', [theirs]);
      assert.equal(tables.length, 1);
    }
  });

  test("brings an older format to today's, by several nodes at once, with all that is in it", async (t) => {
    const server = shared();
    const url = server.freshSchemaUrl();
    const { schema } = parseTarget(url);
    const first = await nodeOf(t, url);
    const known = await addBox(first);
    await known.deliver(3);
    const { mailboxId } = known;
    await first[Symbol.asyncDispose]();
    for (const table of ['acl', 'annotation', 'server_annotation'])
      await server.query(`drop table ${schema}.${table}`);
    await server.query(`alter table ${schema}.mailbox drop column quota_messages`);
    await server.query(
      `update ${schema}.header set value = '1' where key like 'least_%' or key = 'format_version'`,
    );
    const nodes = await Promise.all([1, 2, 3].map(() => nodeOf(t, url)));
    for (const node of nodes) {
      const box = new Box(node, mailboxId);
      await box.deliver(1);
      assert.deepEqual(await problemsOf(node), []);
    }
    const opened = await nodes[0]!.read.openFolder(new Box(nodes[0]!, mailboxId).ref());
    assert.equal(opened?.folder.messages, 6);
    const header = await server.query(
      `select key, value from ${schema}.header where key like 'least_%' or key = 'format_version' order by key`,
    );
    assert.deepEqual(
      header.map((row) => Object.values(row as object)),
      [
        ['format_version', '2'],
        ['least_reader', '2'],
        ['least_writer', '2'],
      ],
    );
  });

  test('says what is wrong, what would be right, and no password', async (t) => {
    const server = shared();
    const { binaries } = server;
    t.diagnostic(`${binaries.bin}`);
    await server.query("alter role posthorn password 's3cret-not-this'");
    await server.execute(`
      create table pg_temp.rules(line text);
      copy (values ('local all all trust'), ('host all postgres all trust'), ('host all all all scram-sha-256'))
        to '${server.data}/pg_hba.conf';
      select pg_reload_conf();`);
    const few = { limits: limits({ patienceMs: 300 }) };
    const url = (more: string): string => `postgres://posthorn:s3cret@127.0.0.1:${more}`;
    await startFails(
      nodeOf(t, url(`${server.port}/posthorn`), few),
      'configuration',
      /password authentication failed for user "posthorn".*right would be/,
    );
    const nobody = await freePort();
    await startFails(
      nodeOf(t, url(`${nobody}/posthorn`), few),
      'unavailable',
      new RegExp(
        `postgres://127.0.0.1:${nobody}/posthorn\\?schema=posthorn cannot be reached: .*ECONNREFUSED`,
      ),
    );
    await startFails(
      nodeOf(t, `postgres://postgres:s3cret@127.0.0.1:${server.port}/nowhere`, few),
      'configuration',
      /database "nowhere" does not exist.*right would be/,
    );
    await server.query('create database theirs');
    await server.query('create role guest login');
    await server.query('revoke create on database theirs from public');
    await server.query("alter role guest password 's3cret'");
    await startFails(
      nodeOf(t, `postgres://guest:s3cret@127.0.0.1:${server.port}/theirs`, few),
      'configuration',
      /permission denied for database theirs.*right would be/,
    );
  });
});
