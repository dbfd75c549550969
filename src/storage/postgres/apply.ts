import { assertNever } from '#kernel';
import type { Command } from '../commands.ts';
import { claimRecent } from './commands/claim-recent.ts';
import { copy } from './commands/copy.ts';
import {
  addDomain,
  addMailbox,
  changeAddress,
  removeDomain,
  removeMailbox,
  setVerifiers,
} from './commands/directory.ts';
import { expunge } from './commands/expunge.ts';
import { createFolder, deleteFolder, renameFolder, subscribe } from './commands/folders.ts';
import { ingest } from './commands/ingest.ts';
import { setAcl } from './commands/set-acl.ts';
import { setAnnotations, setServerAnnotations } from './commands/set-annotations.ts';
import { setQuota } from './commands/set-quota.ts';
import { storeFlags } from './commands/store-flags.ts';
import type { Outcome } from './lanes.ts';
import type { Transaction } from './transaction.ts';

/** What `apply` does. */
export type Applied = Exclude<Command, { kind: 'clean-up' }>;

/**
 * Commands that ask all they ask before they wait, and of whose answers only counters and the log hear: those that stand side by side
 * share a flight, in their order.
 */
export const ASK_AT_ONCE: ReadonlySet<Command['kind']> = new Set([
  'ingest',
  'store-flags',
  'expunge',
  'claim-recent',
]);

/**
 * Does one command within the open transaction. A handler refuses with a PosthornError before it writes anything; any
 * other error means that the transaction must be rolled back.
 */
export async function apply(tx: Transaction, command: Applied): Promise<Outcome> {
  switch (command.kind) {
    case 'ingest':
      return ingest(tx, command);
    case 'store-flags':
      return await storeFlags(tx, command);
    case 'copy':
      return await copy(tx, command);
    case 'expunge':
      return await expunge(tx, command);
    case 'create-folder':
      return await createFolder(tx, command);
    case 'rename-folder':
      return await renameFolder(tx, command);
    case 'delete-folder':
      return await deleteFolder(tx, command);
    case 'set-acl':
      return await setAcl(tx, command);
    case 'subscribe':
      return await subscribe(tx, command);
    case 'claim-recent':
      return claimRecent(tx, command);
    case 'add-domain':
      return await addDomain(tx, command);
    case 'remove-domain':
      return await removeDomain(tx, command);
    case 'add-mailbox':
      return await addMailbox(tx, command);
    case 'remove-mailbox':
      return await removeMailbox(tx, command);
    case 'set-annotations':
      return await setAnnotations(tx, command);
    case 'set-server-annotations':
      return await setServerAnnotations(tx, command);
    case 'set-quota':
      return await setQuota(tx, command);
    case 'set-verifiers':
      return await setVerifiers(tx, command);
    case 'change-address':
      return await changeAddress(tx, command);
    default:
      return assertNever(command);
  }
}
