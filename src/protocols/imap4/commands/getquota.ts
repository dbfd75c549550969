import type { GetQuotaCommand } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import { encodeQuotaOf, mailboxOfRoot } from '../quota-root.ts';
import type { Session } from '../session.ts';

/** GETQUOTA (RFC 9208 §4.1.1). Others' quota roots are shown to administrators only; to everybody else there are none. */
export async function getQuota(session: Session, { root }: GetQuotaCommand): Promise<Completion> {
  const isOwn = root === session.account?.address;
  const info = isOwn || session.isAdministrator ? await mailboxOfRoot(session, root) : undefined;
  const response = info === undefined ? '' : encodeQuotaOf(session, info);
  if (response === '') return no('There is no such quota root', 'NONEXISTENT');
  session.write(response);
  return ok('GETQUOTA completed');
}
