import { PosthornError } from '#kernel';
import type { MailboxInfo } from '#model';
import type { AdminContext } from './context.ts';

export interface MailboxArgs {
  readonly address: string;
}
export interface PasswordArgs extends MailboxArgs {
  /** Undefined: one is generated. */
  readonly password?: string | undefined;
}

/** The limits of a mailbox as they shall be: undefined leaves one as it is, null takes it away. */
export interface QuotaArgs extends MailboxArgs {
  readonly bytes?: number | null | undefined;
  readonly messages?: number | null | undefined;
}

/** A mailbox in a list. */
export interface MailboxRow {
  readonly address: string;
  readonly messages: number;
  readonly bytes: number;
  readonly quotaBytes: number | undefined;
  readonly quotaMessages: number | undefined;
}

/** Everything about one mailbox. */
export interface MailboxDetails extends MailboxRow {
  readonly addresses: readonly string[];
  readonly createdAtMs: number;
  readonly folders: readonly {
    readonly name: string;
    readonly specialUse: string | undefined;
    readonly messages: number;
    readonly unseen: number;
    readonly bytes: number;
  }[];
}

/**
 * Adds a mailbox in a domain of the organization; gives the password when it was generated, this once.
 * @throws {invalid}, {not-found} for the domain, {exists-already}
 */
export async function addMailbox(
  { directory }: AdminContext,
  { address, password }: PasswordArgs,
): Promise<{ readonly address: string; readonly generatedPassword: string | undefined }> {
  const added = await directory.addMailbox(address, { password });
  return { address: added.address, generatedPassword: added.generatedPassword };
}

/** Lists all mailboxes by address. */
export async function listMailboxes({
  directory,
}: AdminContext): Promise<{ readonly mailboxes: readonly MailboxRow[] }> {
  const mailboxes = (await directory.mailboxes()).map(rowOf);
  return { mailboxes: mailboxes.sort((a, b) => (a.address < b.address ? -1 : 1)) };
}

/** Shows a mailbox with its folders. @throws {invalid}, {no-mailbox} */
export async function showMailbox(
  context: AdminContext,
  { address }: MailboxArgs,
): Promise<MailboxDetails> {
  const info = await requireMailbox(context, address);
  const mailbox = context.store.openMailbox(info.mailboxId, `mailbox show ${address}`);
  const folders = await mailbox.folders();
  return {
    ...rowOf(info),
    addresses: info.addresses,
    createdAtMs: info.createdAtMs,
    folders: folders.map(({ name, specialUse, messages, unseen, sizeBytes }) => ({
      name,
      specialUse,
      messages,
      unseen,
      bytes: sizeBytes,
    })),
  };
}

/** Removes a mailbox with everything in it. @throws {invalid}, {no-mailbox} */
export async function removeMailbox(
  context: AdminContext,
  { address }: MailboxArgs,
): Promise<{ readonly address: string; readonly messages: number }> {
  const { primaryAddress, usedMessages } = await requireMailbox(context, address);
  await context.directory.removeMailbox(address);
  return { address: primaryAddress, messages: usedMessages };
}

/** Sets a mailbox's password; gives it back when it was generated, this once. @throws {invalid}, {no-mailbox} */
export async function setPassword(
  context: AdminContext,
  { address, password }: PasswordArgs,
): Promise<{ readonly address: string; readonly generatedPassword: string | undefined }> {
  const { primaryAddress } = await requireMailbox(context, address);
  const generatedPassword = await context.directory.setPassword(address, password);
  return { address: primaryAddress, generatedPassword };
}

/** Sets the limits of a mailbox and gives them as they are now. @throws {invalid}, {no-mailbox} */
export async function setQuota(
  context: AdminContext,
  { address, bytes, messages }: QuotaArgs,
): Promise<MailboxRow> {
  const { primaryAddress, quotaBytes, quotaMessages } = await requireMailbox(context, address);
  await context.directory.setQuota(primaryAddress, {
    bytes: bytes === undefined ? quotaBytes : (bytes ?? undefined),
    messages: messages === undefined ? quotaMessages : (messages ?? undefined),
  });
  return rowOf(await requireMailbox(context, primaryAddress));
}

/** Finds the mailbox of an address. @throws {invalid} when it is no address, {no-mailbox} when nobody has it */
export async function requireMailbox(
  { directory }: AdminContext,
  address: string,
): Promise<MailboxInfo> {
  const info = await directory.mailbox(address);
  if (info === undefined)
    throw new PosthornError('no-mailbox', `no mailbox has the address ${address}`);
  return info;
}

function rowOf(info: MailboxInfo): MailboxRow {
  return {
    address: info.primaryAddress,
    messages: info.usedMessages,
    bytes: info.usedBytes,
    quotaBytes: info.quotaBytes,
    quotaMessages: info.quotaMessages,
  };
}
