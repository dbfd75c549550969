import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sharedDatabase, type TestDatabase } from '../../../test/postgres/database.ts';
import { PrivatePostgres } from '../../../test/postgres/private-postgres.ts';
import { addBox, problemsOf, run } from '../conformance/fixture.conformance.ts';
import { furnish, moveQuiet, portrait, postgresPlace, sqlitePlace } from './house.conformance.ts';

const skip = sharedDatabase() === undefined && PrivatePostgres.missing();

describe('moving house', { skip }, () => {
  let database: TestDatabase;
  let own: PrivatePostgres | undefined;
  before(async () => {
    const shared = sharedDatabase();
    own = shared === undefined ? await PrivatePostgres.start() : undefined;
    database = shared ?? own!;
  });
  after(() => own?.[Symbol.asyncDispose]());

  for (const first of ['sqlite', 'postgres'] as const)
    test(`from ${first} to the other and back: everything stays what it was`, async (t) => {
      const places = [
        sqlitePlace(t),
        postgresPlace(t, database),
        first === 'sqlite' ? sqlitePlace(t) : postgresPlace(t, database),
      ];
      if (first === 'postgres') [places[0], places[1]] = [places[1]!, places[0]!];
      const [from, over, back] = places as [never, never, never];
      let expected: unknown;
      {
        await using engine = await (from as ReturnType<typeof sqlitePlace>).open();
        await furnish(engine);
        expected = await portrait(engine);
        assert.deepEqual(await problemsOf(engine), []);
      }
      for (const [source, target] of [
        [from, over],
        [over, back],
      ] as const) {
        await moveQuiet(source, target);
        await using engine = await (target as ReturnType<typeof sqlitePlace>).open();
        assert.deepEqual(await portrait(engine), expected);
        assert.deepEqual(await problemsOf(engine), []);
      }
      await using engine = await (back as ReturnType<typeof sqlitePlace>).open();
      const added = await addBox(engine);
      assert.equal(added.mailboxId, 4, 'the id of a removed mailbox is not used again');
      await added.deliver(3);
      await run(engine, { kind: 'remove-mailbox', mailboxId: added.mailboxId });
      assert.deepEqual(await problemsOf(engine), []);
    });
});
