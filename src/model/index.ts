/**
 * The nouns of the house: ids, addresses, envelopes, flags, folders, entries, contents, changes, outcomes.
 * Types and tiny pure functions; anything that does something lives in another room.
 *
 * Ids are branded: a `Uid` is not a `SeqNum`, and only parsers and allocators make them.
 */
export * from './address.ts';
export * from './change.ts';
export * from './content.ts';
export * from './directory.ts';
export * from './envelope.ts';
export * from './flags.ts';
export * from './folder.ts';
export * from './ids.ts';
export * from './rights.ts';
export * from './tracking.ts';
