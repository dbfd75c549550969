/**
 * Storage: the engine port. One door to durable state, whichever engine stands behind it.
 *
 * Writing: `engine.execute(command)` resolves when the command's effect is durable, and not before. Commands are plain
 * data of a closed union; each is atomic. They are what crosses to the writer.
 * Reading: `engine.read` answers from a snapshot and never waits for a writer. Calls are coarse (about one for each
 * protocol command) and give rows in batches. A read that starts after an `execute` resolved sees its effect.
 * Changes: after a commit the engine tells `onChanges` what to look at. The change log (`read.changes`) is the truth.
 * Blobs: large bodies are files or objects of an S3 store (`#storage/blobs`), durable before a command refers to them.
 *
 * Moving: `#storage/moving` copies a store to another engine while it is served, and switches.
 *
 * The data's header carries format version, least reader and least writer; a newer format is refused before a byte is
 * written. Engines: `#storage/sqlite`. `describeEngine` is the conformance suite every engine passes.
 */
export { ANNOTATION_BYTES_MAX } from './annotation-limits.ts';
export { type Blobs, type BlobWriter, type StoredBlob, UNFINISHED_AGE_MS } from './blobs/port.ts';
export type * from './commands.ts';
export type { Engine } from './engine.ts';
export type * from './reads.ts';
export { uidCount } from './uid-count.ts';
