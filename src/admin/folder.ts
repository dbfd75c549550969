import { granteeOf, identifierOf } from '#directory';
import { PosthornError } from '#kernel';
import {
  type Folder,
  type FolderId,
  NO_RIGHTS,
  parseRights,
  type Rights,
  tellRights,
} from '#model';
import type { Mailbox } from '#store';
import type { AdminContext } from './context.ts';
import { requireMailbox } from './mailbox.ts';

export interface FolderArgs {
  /** Any address of the mailbox. */
  readonly address: string;
  readonly folder: string;
}
export interface ShareArgs extends FolderArgs {
  /** Any address of another mailbox, or `anyone`. */
  readonly who: string;
  /** Letters of RFC 4314 §2.1. */
  readonly rights: string;
  /** Takes them away from what other grants give. */
  readonly deny?: boolean | undefined;
}

/** What somebody may do in a folder. */
export interface GrantRow {
  readonly folder: string;
  /** As an access control list has it: an address, `anyone`, with `-` before it where rights are taken away. */
  readonly identifier: string;
  readonly rights: string;
}

export interface FolderRights {
  /** The owner's primary address. */
  readonly address: string;
  readonly grants: readonly GrantRow[];
}

/**
 * Sets what somebody may do in a folder, in place of what that grant said before.
 * @throws {no-mailbox} for either, {no-folder}, {invalid} for rights that there are not and for the owner
 */
export async function shareFolder(context: AdminContext, args: ShareArgs): Promise<FolderRights> {
  const rights = parseRights(args.rights);
  if (rights === undefined)
    throw new PosthornError(
      'invalid',
      `"${args.rights}" are no rights: they are letters of lrswipkxtea, and c for kx, d for te`,
    );
  return await grant(context, args, rights);
}

/** Takes a grant away. @throws as `shareFolder` */
export function unshareFolder(
  context: AdminContext,
  args: Omit<ShareArgs, 'rights'>,
): Promise<FolderRights> {
  return grant(context, args, NO_RIGHTS);
}

/** Tells who else has rights in a folder, or in all of a mailbox. @throws {no-mailbox}, {no-folder} */
export async function showRights(
  context: AdminContext,
  { address, folder }: { readonly address: string; readonly folder?: string | undefined },
): Promise<FolderRights> {
  const info = await requireMailbox(context, address);
  const mailbox = context.store.openMailbox(info.mailboxId, `rights of ${address}`);
  const folders = folder === undefined ? undefined : [await requireFolder(mailbox, folder)];
  return await rightsIn(mailbox, info.primaryAddress, folders);
}

async function grant(
  context: AdminContext,
  { address, folder: name, who, deny = false }: Omit<ShareArgs, 'rights'>,
  rights: Rights,
): Promise<FolderRights> {
  const info = await requireMailbox(context, address);
  const mailbox = context.store.openMailbox(info.mailboxId, `sharing of ${address}`);
  const folder = await requireFolder(mailbox, name);
  const grantee = await granteeOf(context.directory, identifierOf(who, deny));
  if (grantee === undefined)
    throw new PosthornError('no-mailbox', `no mailbox has the address ${who}`);
  await mailbox.setAcl({ folderId: folder.folderId, ...grantee, operation: 'replace', rights });
  return await rightsIn(mailbox, info.primaryAddress, [folder]);
}

/** @param folders undefined for all that others have rights in */
async function rightsIn(
  mailbox: Mailbox,
  address: string,
  folders: readonly Folder[] | undefined,
): Promise<FolderRights> {
  const names = new Map<FolderId, string>();
  for (const { folderId, name } of folders ?? (await mailbox.folders())) names.set(folderId, name);
  const grants = await mailbox.acl(folders?.[0]?.folderId);
  const rows = grants.flatMap((each) => {
    const folder = names.get(each.folderId);
    const identifier = identifierOf(each.address, each.negative);
    return folder === undefined ? [] : [{ folder, identifier, rights: tellRights(each.rights) }];
  });
  return {
    address,
    grants: rows.sort((a, b) => (a.folder < b.folder ? -1 : a.folder > b.folder ? 1 : 0)),
  };
}

async function requireFolder(mailbox: Mailbox, name: string): Promise<Folder> {
  const folder = await mailbox.folderByName(name);
  if (folder === undefined) throw new PosthornError('no-folder', `there is no folder ${name}`);
  return folder;
}
