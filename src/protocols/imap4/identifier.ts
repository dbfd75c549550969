import { type Grantee, granteeOf } from '#directory';
import { type Completion, no } from './completion.ts';
import type { Session } from './session.ts';

/** Whom an identifier of an access control list names; a completion when that is nobody. */
export async function namedBy(
  { server }: Session,
  identifier: string,
): Promise<Grantee | Completion> {
  const grantee = await granteeOf(server.directory, identifier);
  return grantee ?? no(`Nobody here has the address ${identifier.replace(/^-/, '')}`);
}
