import { assertNever } from '#kernel';
import { INBOX_ID, type MailboxId } from '#model';
import type { Command, FolderRef } from '../commands.ts';
import type { Scope } from './transaction.ts';

const DIRECTORY = 'directory';

/** What a command works on. */
export function scopeOf(command: Exclude<Command, { kind: 'clean-up' }>): Scope {
  const nothing: Scope = { directory: false, mailboxIds: [], folders: [] };
  switch (command.kind) {
    case 'ingest':
      return {
        directory: false,
        mailboxIds: distinct(command.targets.map((target) => target.mailboxId)),
        folders: command.targets,
        keywords: command.targets,
      };
    case 'store-flags':
      return { ...scopeOfFolder(command), keywords: [command] };
    case 'expunge':
    case 'claim-recent':
    case 'delete-folder':
    case 'rename-folder':
    case 'set-acl':
      return scopeOfFolder(command);
    case 'set-annotations':
      return { ...nothing, mailboxIds: [command.mailboxId], folders: [command] };
    case 'set-server-annotations':
      return {
        ...nothing,
        directory: command.shared.length > 0,
        mailboxIds: command.own.length > 0 ? [command.viewerId] : [],
      };
    case 'copy':
      return {
        directory: false,
        mailboxIds: distinct([command.mailboxId, command.to.mailboxId]),
        folders: [command, command.to],
      };
    case 'create-folder':
    case 'subscribe':
    case 'set-quota':
      return { ...nothing, mailboxIds: [command.mailboxId] };
    case 'remove-mailbox':
      return { ...nothing, directory: true, mailboxIds: [command.mailboxId] };
    case 'add-domain':
    case 'remove-domain':
    case 'add-mailbox':
    case 'set-verifiers':
    case 'change-address':
      return { ...nothing, directory: true };
    default:
      return assertNever(command);
  }
}

function scopeOfFolder(folder: FolderRef): Scope {
  const { mailboxId } = folder;
  const folders = [folder, { mailboxId, folderId: INBOX_ID }];
  return { directory: false, mailboxIds: [mailboxId], folders };
}

/** The lanes of a command; see `Lanes`. */
export function lanesOf(command: Command): readonly string[] {
  if (command.kind === 'clean-up') return ['clean-up'];
  const { directory, mailboxIds } = scopeOf(command);
  const lanes = [...mailboxIds].sort((a, b) => a - b).map(String);
  if (directory) lanes.unshift(DIRECTORY);
  // Tracking alone: nothing that anybody else could want.
  return lanes.length === 0 ? ['tracking'] : lanes;
}

/** What several commands work on together. */
export function union(scopes: readonly Scope[]): Scope {
  return {
    directory: scopes.some((scope) => scope.directory),
    mailboxIds: distinct(scopes.flatMap((scope) => scope.mailboxIds)),
    folders: scopes.flatMap((scope) => scope.folders),
    keywords: scopes.flatMap((scope) => scope.keywords ?? []),
  };
}

function distinct(ids: readonly MailboxId[]): readonly MailboxId[] {
  return [...new Set(ids)];
}
