import { assertNever } from '#kernel';
import type { Command, OutcomeOf } from '../commands.ts';
import { claimRecent } from './commands/claim-recent.ts';
import { cleanUp } from './commands/clean-up.ts';
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
import type { Transaction } from './transaction.ts';

/**
 * Does one command within the open transaction. A handler refuses with a PosthornError before it writes anything; any
 * other error means that the transaction must be rolled back.
 */
export function apply(
  tx: Transaction,
  command: Command,
  nowMs: number,
): OutcomeOf<Command['kind']> {
  switch (command.kind) {
    case 'ingest':
      return ingest(tx, command, nowMs);
    case 'store-flags':
      return storeFlags(tx, command);
    case 'copy':
      return copy(tx, command, nowMs);
    case 'expunge':
      return expunge(tx, command);
    case 'create-folder':
      return createFolder(tx, command, nowMs);
    case 'rename-folder':
      return renameFolder(tx, command, nowMs);
    case 'delete-folder':
      return deleteFolder(tx, command);
    case 'set-acl':
      return setAcl(tx, command);
    case 'subscribe':
      return subscribe(tx, command);
    case 'claim-recent':
      return claimRecent(tx, command);
    case 'add-domain':
      return addDomain(tx, command);
    case 'remove-domain':
      return removeDomain(tx, command);
    case 'add-mailbox':
      return addMailbox(tx, command);
    case 'remove-mailbox':
      return removeMailbox(tx, command);
    case 'set-annotations':
      return setAnnotations(tx, command);
    case 'set-server-annotations':
      return setServerAnnotations(tx, command);
    case 'set-quota':
      return setQuota(tx, command);
    case 'set-verifiers':
      return setVerifiers(tx, command);
    case 'change-address':
      return changeAddress(tx, command);
    case 'clean-up':
      return cleanUp(tx, command);
    default:
      return assertNever(command);
  }
}
