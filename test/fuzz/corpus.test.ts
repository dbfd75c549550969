import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readCorpus } from './corpus.ts';
import { TARGETS } from './targets.ts';
import { Watched } from './watched.ts';

/** What is kept of each target: inputs that broke something once, and a few that lead far. */
describe('the corpus', { concurrency: 2 }, () => {
  for (const target of TARGETS)
    test(`nothing of it breaks ${target.name}`, async () => {
      await using watched = new Watched(target.module, target);
      for (const { path, input } of readCorpus(target.name)) {
        const verdict = await watched.run(input);
        assert.equal(verdict.kind === 'broken' ? verdict.text : undefined, undefined, path);
      }
    });

  test('each folder of it is of a target', () => {
    const folders = readdirSync(join(import.meta.dirname, 'corpus'));
    const names = TARGETS.map(({ name }) => name);
    assert.deepEqual(
      folders.filter((folder) => !names.includes(folder)),
      [],
    );
  });
});
