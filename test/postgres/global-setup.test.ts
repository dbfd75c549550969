import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../interop/program.ts';
import { SHARED_VARIABLE, TestDatabase } from './database.ts';
import { PrivatePostgres } from './private-postgres.ts';

const skip = PrivatePostgres.missing();
const SETUP = join(import.meta.dirname, 'global-setup.ts');

/** A directory with two test files; each writes what it finds in its environment, and then waits if it is told to. */
class Run implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'posthorn-setup-'));

  constructor({ waits = false } = {}) {
    for (const name of ['one', 'other'])
      writeFileSync(
        join(this.root, `${name}.test.mjs`),
        `import { writeFileSync } from 'node:fs';
         import { test } from 'node:test';
         test('writes', async () => {
           writeFileSync(${JSON.stringify(join(this.root, name))}, process.env.${SHARED_VARIABLE} ?? 'none');
           ${waits ? 'await new Promise((resolve) => setTimeout(resolve, 60_000));' : ''}
         });`,
      );
  }

  start(engine: string): ChildProcess {
    const { NODE_TEST_CONTEXT: _test, [SHARED_VARIABLE]: _shared, ...env } = process.env;
    return spawn(
      process.execPath,
      ['--test', `--test-global-setup=${SETUP}`, join(this.root, '*.test.mjs')],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...env, POSTHORN_TEST_ENGINE: engine } },
    );
  }

  /** What a test file found; undefined when it has not run yet. */
  found(name: string): string | undefined {
    try {
      return readFileSync(join(this.root, name), 'utf8') || undefined;
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

async function outputOf(child: ChildProcess): Promise<string> {
  let out = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, out);
  return out;
}

async function assertGone(url: string): Promise<void> {
  await using database = new TestDatabase(Number(new URL(url).port));
  await eventually('the end of the shared PostgreSQL', async () => {
    try {
      await database.query('select 1');
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' || undefined;
    }
  });
}

test('all test files of a run get one PostgreSQL, named once and gone after it', {
  skip,
}, async () => {
  using run = new Run();
  const out = await outputOf(run.start('postgres'));
  assert.equal(out.match(/^tests run on PostgreSQL \d\d/gm)?.length, 1, out);
  const url = run.found('one')!;
  assert.match(url, /^postgres:\/\/posthorn@127\.0\.0\.1:\d+\/posthorn$/);
  assert.equal(run.found('other'), url);
  await assertGone(url);
});

test('a run of another engine has none', { skip }, async () => {
  using run = new Run();
  const out = await outputOf(run.start('sqlite'));
  assert.doesNotMatch(out, /PostgreSQL/);
  assert.equal(run.found('one'), 'none');
});

for (const name of ['SIGINT', 'SIGKILL'] as const)
  test(`nothing is left of a run that ${name} ended`, { skip }, async () => {
    using run = new Run({ waits: true });
    const child = run.start('postgres');
    child.stdout!.resume();
    const url = await eventually(
      'the first test file',
      () => run.found('one') ?? run.found('other'),
    );
    child.kill(name);
    await once(child, 'exit');
    await assertGone(url);
  });
