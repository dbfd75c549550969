import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import postgres from 'postgres';
import { eventually } from '../interop/program.ts';
import { describeBinaries } from './binaries.ts';
import { PrivatePostgres } from './private-postgres.ts';
import { childrenOf, untilGone } from './processes.ts';

const skip = PrivatePostgres.missing();

test('Posthorn’s own user has a database in UTF-8 of a server that runs here', {
  skip,
}, async (t) => {
  await using server = await PrivatePostgres.start();
  t.diagnostic(`${server}`);
  const url = new URL(server.freshSchemaUrl());
  assert.match(url.searchParams.get('schema')!, /^test_[0-9a-f]{16}$/);
  assert.notEqual(server.freshSchemaUrl(), server.freshSchemaUrl());
  url.search = '';
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  try {
    const [row] = await sql`
      select current_user as who, current_database() as database, current_setting('server_encoding') as encoding,
        current_setting('is_superuser') as super, current_setting('max_connections') as connections`;
    assert.deepEqual(
      { ...row },
      {
        who: 'posthorn',
        database: 'posthorn',
        encoding: 'UTF8',
        super: 'off',
        connections: '200',
      },
    );
    await sql`create schema own`;
    await sql`create table own.note (text text not null)`;
    await sql`insert into own.note values ('ä')`;
  } finally {
    await sql.end();
  }
  assert.deepEqual(await server.query('select text from own.note where text = $1', ['ä']), [
    { text: 'ä' },
  ]);
  await server.dropSchema(server.url('own'));
  await assert.rejects(server.query('select from own.note'), { code: '42P01' });
});

test('durable leaves the syncing on, settings come last', { skip }, async () => {
  await using server = await PrivatePostgres.start({
    durable: true,
    settings: { max_connections: '30', application_name: "it's" },
  });
  const shown = await server.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings
      where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'max_connections') order by name`,
  );
  assert.deepEqual(
    shown.map(({ name, setting }) => `${name} ${setting}`),
    ['fsync on', 'full_page_writes on', 'max_connections 30', 'synchronous_commit on'],
  );
});

test('after kill -9 nothing of it runs, and the next start has what was committed', {
  skip,
}, async () => {
  await using server = await PrivatePostgres.start({ durable: true });
  await server.execute('create table note (id int primary key)');
  await server.query('insert into note select generate_series(1, 1000)');
  const { pid, port } = server;
  const children = childrenOf(pid);
  assert.ok(children.length > 0, 'a server has background processes');
  const unfinished = server
    .session(async (ask) => {
      await ask('begin');
      await ask('insert into note values (2000)');
      await ask('select pg_sleep(60)');
    })
    .then(
      () => 'slept',
      (error: Error) => error.message,
    );
  await eventually('the session that sleeps', async () => {
    const rows = await server.query(`select from pg_stat_activity where wait_event = 'PgSleep'`);
    return rows.length > 0 || undefined;
  });
  await server.kill9();
  assert.notEqual(await unfinished, 'slept');
  await untilGone([pid, ...children]);
  assert.equal(server.isRunning, false);

  await server.startAgain();
  assert.equal(server.port, port);
  assert.notEqual(server.pid, pid);
  assert.match(server.log, /was not properly shut down; automatic recovery in progress/);
  const [row] = await server.query('select count(*)::int as notes, max(id) as last from note');
  assert.deepEqual(row, { notes: 1000, last: 1000 });
});

test('stops in each way that PostgreSQL knows and starts again', { skip }, async () => {
  await using server = await PrivatePostgres.start({ durable: true });
  await server.execute('create table note (id int)');
  let starts = 1;
  for (const mode of ['smart', 'fast', 'immediate'] as const) {
    await server.query('insert into note values (1)');
    await server.stop(mode);
    assert.equal(server.isRunning, false);
    await assert.rejects(server.query('select 1'), { code: 'ECONNREFUSED' });
    await server.startAgain();
    starts++;
    assert.equal((await server.query('select from note')).length, starts - 1, mode);
  }
  await assert.rejects(server.startAgain(), /runs already/);
});

test('a standby follows, and promoted it takes writes', { skip }, async () => {
  await using primary = await PrivatePostgres.start();
  await primary.execute('create table note (id int primary key); insert into note values (1)');
  await using standby = await primary.standby();
  await primary.query('insert into note values (2)');
  await standby.caughtUp();
  assert.equal((await standby.query('select from note')).length, 2);
  await assert.rejects(standby.query('insert into note values (3)'), { code: '25006' });
  await standby.promote();
  await standby.query('insert into note values (3)');
  assert.deepEqual(await standby.query('select id from note order by id'), [
    { id: 1 },
    { id: 2 },
    { id: 3 },
  ]);
  assert.equal((await primary.query('select from note')).length, 2, 'the old primary is its own');
});

test('what was acknowledged beside a synchronous standby is there after the loss of the primary', {
  skip,
}, async () => {
  await using primary = await PrivatePostgres.start();
  await primary.execute('create table note (id int primary key)');
  await using standby = await primary.standby({ synchronous: true });
  let acknowledged = 0;
  const writing = (async () => {
    for (;;) {
      await primary.query('insert into note values ($1)', [acknowledged + 1]);
      acknowledged++;
    }
  })().catch((error: Error) => error);
  await eventually('some notes', () => acknowledged >= 50 || undefined);
  await primary.kill9();
  assert.ok((await writing) instanceof Error);
  await standby.promote();
  const [row] = await standby.query<{ notes: number }>('select count(*)::int as notes from note');
  assert.ok(row!.notes >= acknowledged, `${row!.notes} of ${acknowledged}`);
  await standby.query('insert into note values (-1)');
});

test('a commit waits as long as the synchronous standby is away', { skip }, async () => {
  await using primary = await PrivatePostgres.start();
  await primary.execute('create table note (id int primary key)');
  await using standby = await primary.standby({ synchronous: true });
  await standby.stop();
  let isCommitted = false;
  const writing = primary.query('insert into note values (1)').then(() => {
    isCommitted = true;
  });
  await eventually('the commit that waits', async () => {
    const rows = await primary.query(`select from pg_stat_activity where wait_event = 'SyncRep'`);
    return rows.length > 0 || undefined;
  });
  assert.equal(isCommitted, false);
  await standby.startAgain();
  await writing;
});

test('goes with the process that started it, however that ends', { skip }, async () => {
  const script = `
    import { PrivatePostgres } from ${JSON.stringify(join(import.meta.dirname, 'private-postgres.ts'))};
    const server = await PrivatePostgres.start();
    console.log(JSON.stringify({ pid: server.pid, root: server.root }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { pid, root } = JSON.parse(line) as { pid: number; root: string };
  const all = [pid, ...childrenOf(pid)];
  assert.ok(all.length > 1);
  child.kill('SIGKILL');
  await untilGone(all);
  await eventually('the end of its directory', () => !existsSync(root) || undefined);
});

test('leaves neither process nor directory behind', { skip }, async () => {
  let left: { readonly all: readonly number[]; readonly root: string };
  {
    await using server = await PrivatePostgres.start();
    left = { all: [server.pid, ...childrenOf(server.pid)], root: server.root };
    assert.equal(existsSync(left.root), true);
    assert.ok(describeBinaries(server.binaries).includes(server.binaries.version));
  }
  await untilGone(left.all);
  assert.equal(existsSync(left.root), false);
});
