import type { AdminContext, MoveResult, Run } from './context.ts';

/**
 * Moves the whole store to another engine, while the server serves it; it is kept waiting for seconds at the end.
 * @throws {configuration}, {not-empty}, {unavailable} … as `moveStore` of storage does
 */
export function migrate(
  { move }: AdminContext,
  args: { readonly to: string; readonly blobs?: string | undefined },
  run: Run,
): Promise<MoveResult> {
  return move(args, run);
}
