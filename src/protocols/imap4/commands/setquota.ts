import type { SetQuotaCommand } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import { encodeQuotaOf, mailboxOfRoot, STORAGE_UNIT } from '../quota-root.ts';
import type { Session } from '../session.ts';

const RESOURCES: readonly string[] = ['STORAGE', 'MESSAGE'];
const STORAGE_MAX = Math.floor(Number.MAX_SAFE_INTEGER / STORAGE_UNIT);

/** SETQUOTA (RFC 9208 §4.1.3), for administrators: resources that are not named have no limit from now on. */
export async function setQuota(
  session: Session,
  { root, limits }: SetQuotaCommand,
): Promise<Completion> {
  if (!session.isAdministrator) return no('Only administrators set quotas', 'NOPERM');
  const unknown = [...limits.keys()].find((name) => !RESOURCES.includes(name));
  if (unknown !== undefined) return no(`${unknown} cannot be limited here`, 'CANNOT');
  const info = await mailboxOfRoot(session, root);
  if (info === undefined) return no('There is no such quota root', 'NONEXISTENT');
  const storage = limits.get('STORAGE');
  await session.server.directory.setQuota(info.primaryAddress, {
    bytes: storage === undefined ? undefined : Math.min(storage, STORAGE_MAX) * STORAGE_UNIT,
    messages: limits.get('MESSAGE'),
  });
  const changed = await mailboxOfRoot(session, root);
  if (changed !== undefined) session.write(encodeQuotaOf(session, changed));
  return ok('SETQUOTA completed');
}
