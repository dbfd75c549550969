/**
 * Moving a store from one engine to the other: `moveStore` copies it while it is served, and switches (docs/decisions/009-moving-house.md);
 * each engine opens both ends of it. A door of its own, because it takes both engines, and no server needs that until one moves.
 */
export { openPostgresSource, type PostgresMoveOptions } from '../postgres/moving/source.ts';
export { openPostgresTarget } from '../postgres/moving/target.ts';
export { openSqliteSource } from '../sqlite/moving/source.ts';
export { openSqliteTarget } from '../sqlite/moving/target.ts';
export { type Moved, type MoveOptions, moveStore } from './move.ts';
export type { MoveSource, MoveTarget } from './port.ts';
export type { MoveProgress } from './work.ts';
