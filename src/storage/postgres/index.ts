/**
 * The engine for many nodes: PostgreSQL 15 or later, or Citus, which speaks the same. Any number of nodes is active at once and none has
 * state of its own.
 *
 * Layout: what belongs to one mailbox has its id first in every key, so that it can be spread by mailbox; the directory is small and
 * everywhere (`schema.ts`). Writing: a transaction locks the directory or the mailboxes it changes, by id, before it reads anything, and
 * writes back what it has counted (`transaction.ts`). Its id is in the change log with its effect, so that a commit whose answer was lost
 * is found again (`executor.ts`). Reading: one statement, one snapshot (`reads.ts`). Others hear by NOTIFY, and look every few seconds
 * (`hints.ts`). Large bodies are blobs, which all nodes share.
 */
export { citusStatements, schemaStatements } from './citus.ts';
export { PostgresEngine, type PostgresOptions } from './engine.ts';
