import { PosthornError } from '#kernel';
import type { AdminContext } from './context.ts';

export interface DomainArgs {
  readonly domain: string;
}

/** Adds a domain to the organization; `added` is false when it was there already. @throws {invalid} */
export async function addDomain(
  { directory }: AdminContext,
  { domain }: DomainArgs,
): Promise<{ readonly added: boolean }> {
  return { added: await directory.addDomain(domain) };
}

/** Removes a domain that no address uses. @throws {invalid}, {not-found}, {not-empty} */
export async function removeDomain(
  { directory }: AdminContext,
  { domain }: DomainArgs,
): Promise<{ readonly removed: true }> {
  if (!(await directory.removeDomain(domain)))
    throw new PosthornError('not-found', `${domain} is not a domain of this organization`);
  return { removed: true };
}

/** Lists the domains with the number of mailboxes in each. */
export async function listDomains({ directory }: AdminContext): Promise<{
  readonly domains: readonly { readonly domain: string; readonly mailboxes: number }[];
}> {
  return { domains: await directory.domains() };
}
