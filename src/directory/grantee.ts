import { ANYONE, type MailboxId, parseAddress } from '#model';
import type { Directory } from './directory.ts';

/** Everybody, in an access control list (RFC 4314 §2). */
const EVERYBODY = 'anyone';

/** Whom an identifier of an access control list stands for. */
export interface Grantee {
  readonly granteeId: MailboxId;
  /** Rights are taken away from what other grants give. */
  readonly negative: boolean;
}

/**
 * Whom an identifier names (RFC 4314 §2): by one of its addresses, or `anyone`; with `-` before it for rights that are taken away.
 *
 * @returns undefined when that is nobody
 */
export async function granteeOf(
  directory: Pick<Directory, 'mailbox'>,
  identifier: string,
): Promise<Grantee | undefined> {
  const negative = identifier.startsWith('-');
  const name = negative ? identifier.slice(1) : identifier;
  if (name === EVERYBODY) return { granteeId: ANYONE, negative };
  if (parseAddress(name) === undefined) return undefined;
  const info = await directory.mailbox(name);
  return info && { granteeId: info.mailboxId, negative };
}

/** The identifier by which a grant is shown: with the primary address. @param address undefined for everybody */
export function identifierOf(address: string | undefined, negative: boolean): string {
  return (negative ? '-' : '') + (address ?? EVERYBODY);
}
