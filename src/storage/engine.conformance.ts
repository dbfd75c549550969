import { describe } from 'node:test';
import { aclConformance } from './conformance/acl.conformance.ts';
import { annotationsConformance } from './conformance/annotations.conformance.ts';
import { changesConformance } from './conformance/changes.conformance.ts';
import { cleanUpConformance } from './conformance/clean-up.conformance.ts';
import { concurrencyConformance } from './conformance/concurrency.conformance.ts';
import { copyConformance } from './conformance/copy.conformance.ts';
import { directoryConformance } from './conformance/directory.conformance.ts';
import { expungeConformance } from './conformance/expunge.conformance.ts';
import type { OpenEngine } from './conformance/fixture.conformance.ts';
import { foldersConformance } from './conformance/folders.conformance.ts';
import { ingestConformance } from './conformance/ingest.conformance.ts';
import { keywordsConformance } from './conformance/keywords.conformance.ts';
import { modelConformance } from './conformance/model.conformance.ts';
import { quotaConformance } from './conformance/quota.conformance.ts';
import { readsConformance } from './conformance/reads.conformance.ts';
import { renameConformance } from './conformance/rename.conformance.ts';
import { statesConformance } from './conformance/states.conformance.ts';
import { storeFlagsConformance } from './conformance/store-flags.conformance.ts';
import { wireConformance } from './conformance/wire.conformance.ts';

/**
 * The conformance suite: what the port promises, asked of an engine. `open` gives an engine over fresh, empty data for
 * one test. Every engine passes all of it; what depends on files, threads or a server stands in the engine's own tests.
 *
 * `shared` says how far a content is shared among the entries that show it: through the whole store, or within a mailbox
 * (where each mailbox stands on a server of its own, docs/decisions/008-content-by-mailbox.md).
 */
export function describeEngine(
  name: string,
  open: OpenEngine,
  shared: 'store' | 'mailbox' = 'store',
): void {
  describe(`engine port: ${name}`, () => {
    ingestConformance(open, shared);
    readsConformance(open);
    statesConformance(open);
    wireConformance(open);
    storeFlagsConformance(open);
    keywordsConformance(open);
    copyConformance(open, shared);
    expungeConformance(open);
    foldersConformance(open);
    renameConformance(open);
    aclConformance(open);
    directoryConformance(open);
    quotaConformance(open);
    annotationsConformance(open);
    changesConformance(open);
    cleanUpConformance(open);
    concurrencyConformance(open);
    modelConformance(open, shared);
  });
}
