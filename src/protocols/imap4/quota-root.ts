import { isPosthornError } from '#kernel';
import type { MailboxInfo } from '#model';
import { encodeQuota, type QuotaResource } from '#wire';
import type { Session } from './session.ts';

/** Octets in a unit of STORAGE (RFC 9208 §5.1). */
export const STORAGE_UNIT = 1024;

/**
 * What is limited in a mailbox. Its quota root is named by its primary address and governs all its folders; it exists as long as
 * there is a limit, since a QUOTA response names one resource at least (RFC 9208 §4.2.1). Usage and limit are rounded
 * up alike, so that what is within the limit looks so.
 */
export function resourcesOf(info: MailboxInfo): readonly QuotaResource[] {
  const resources: QuotaResource[] = [];
  const { quotaBytes, quotaMessages } = info;
  if (quotaBytes !== undefined)
    resources.push({
      name: 'STORAGE',
      usage: Math.ceil(info.usedBytes / STORAGE_UNIT),
      limit: Math.ceil(quotaBytes / STORAGE_UNIT),
    });
  if (quotaMessages !== undefined)
    resources.push({ name: 'MESSAGE', usage: info.usedMessages, limit: quotaMessages });
  return resources;
}

/** The QUOTA response for a mailbox; '' when it has no quota root. */
export function encodeQuotaOf(session: Session, info: MailboxInfo): string {
  const resources = resourcesOf(info);
  return resources.length === 0
    ? ''
    : encodeQuota({ root: info.primaryAddress, resources }, session.utf8);
}

/** The mailbox whose quota root has, or would have, this name. */
export async function mailboxOfRoot(
  session: Session,
  root: string,
): Promise<MailboxInfo | undefined> {
  try {
    const info = await session.server.directory.mailbox(root);
    return info?.primaryAddress === root ? info : undefined;
  } catch (error) {
    // Not an address at all.
    if (isPosthornError(error, 'invalid')) return undefined;
    throw error;
  }
}
