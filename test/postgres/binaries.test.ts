import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BIN_VARIABLE, findBinaries, OLDEST_MAJOR, packagedBinaries } from './binaries.ts';
import { PrivatePostgres } from './private-postgres.ts';

const packaged = packagedBinaries();
const skip = packaged === undefined && 'npm has not installed a PostgreSQL that runs here';

function withVariable<T>(value: string, work: () => T): T {
  const before = process.env[BIN_VARIABLE];
  process.env[BIN_VARIABLE] = value;
  try {
    return work();
  } finally {
    if (before === undefined) delete process.env[BIN_VARIABLE];
    else process.env[BIN_VARIABLE] = before;
  }
}

test('the environment names what is run, and must name one that runs', { skip }, () => {
  assert.deepEqual(
    withVariable('package', () => findBinaries()),
    packaged,
  );
  assert.throws(
    () => withVariable(import.meta.dirname, () => findBinaries()),
    /POSTHORN_TEST_POSTGRES_BIN: no PostgreSQL from 15 up runs in /,
  );
});

test('the packaged PostgreSQL serves, streams to a standby and recovers', { skip }, async (t) => {
  const binaries = packaged!;
  assert.ok(binaries.major >= OLDEST_MAJOR);
  await using primary = await PrivatePostgres.start({ binaries, durable: true });
  t.diagnostic(`${primary}`);
  await primary.execute('create table note (id int); insert into note values (1)');
  await using standby = await primary.standby({ synchronous: true });
  await primary.query('insert into note values (2)');
  await primary.kill9();
  await standby.promote();
  assert.equal((await standby.query('select from note')).length, 2);
});

test('programs that the server’s user cannot reach are copied', { skip }, async () => {
  await using server = await PrivatePostgres.start({
    binaries: { ...packaged!, outOfReach: true },
  });
  assert.ok(server.binaries.bin.startsWith(server.root));
  assert.deepEqual(await server.query('select 1 as one'), [{ one: 1 }]);
});
