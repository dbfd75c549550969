import { SHARED_VARIABLE } from './database.ts';
import { PrivatePostgres } from './private-postgres.ts';

/** Which storage engine the tests that need one use; SQLite when not given. */
const ENGINE_VARIABLE = 'POSTHORN_TEST_ENGINE';

let shared: PrivatePostgres | undefined;

/**
 * For `node --test --test-global-setup`: one PostgreSQL for the whole run, when the run is one of the PostgreSQL engine. The test
 * processes find its URL in POSTHORN_TEST_POSTGRES; each test takes a schema of its own. On a machine without
 * any that runs, there is nothing that the run could show: it says so and ends, as one that skipped.
 */
export async function globalSetup(): Promise<void> {
  if (process.env[ENGINE_VARIABLE] !== 'postgres') return;
  const missing = PrivatePostgres.missing();
  if (missing !== false) {
    console.log(`tests of the PostgreSQL engine skip: ${missing}`);
    process.exit(0);
  }
  shared = await PrivatePostgres.start();
  process.env[SHARED_VARIABLE] = shared.url();
  console.log(`tests run on ${shared}`);
}

/** When the run is interrupted before this, the instance's guard ends it. */
export async function globalTeardown(): Promise<void> {
  await shared?.[Symbol.asyncDispose]();
  shared = undefined;
}
