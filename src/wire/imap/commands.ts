import {
  type IdentifierCommand,
  type RightsCommand,
  readAboutIdentifier,
  readAboutRights,
  readSetAcl,
  type SetAclCommand,
} from './acl.ts';
import { type AppendCommand, readAppend } from './append.ts';
import {
  type AuthenticateCommand,
  type EnableCommand,
  type IdCommand,
  type LoginCommand,
  readAuthenticate,
  readEnable,
  readId,
  readLogin,
} from './auth.ts';
import { type CancelUpdateCommand, readCancelUpdate } from './cancel-update.ts';
import * as c from './chars.ts';
import { type CompressCommand, readCompress } from './compress.ts';
import { type CopyCommand, type ExpungeCommand, readCopy, readUidExpunge } from './copy.ts';
import { type EsearchCommand, readEsearchCommand } from './esearch.ts';
import { type FetchCommand, readFetch } from './fetch.ts';
import {
  type CreateCommand,
  type FolderCommand,
  type RenameCommand,
  readCreate,
  readFolder,
  readRename,
} from './folder.ts';
import { type ListCommand, type LsubCommand, readList, readLsub } from './list.ts';
import {
  type GetMetadataCommand,
  readGetMetadata,
  readSetMetadata,
  type SetMetadataCommand,
} from './metadata.ts';
import { type NotifyCommand, readNotify } from './notify.ts';
import { Cursor, type ParseError, type ParseOptions, parseErrorOf } from './parser.ts';
import {
  type GetQuotaCommand,
  type GetQuotaRootCommand,
  readGetQuota,
  readGetQuotaRoot,
  readSetQuota,
  type SetQuotaCommand,
} from './quota.ts';
import { readSearch } from './search.ts';
import type { SearchCommand } from './search-key.ts';
import { readSelect, type SelectCommand } from './select.ts';
import { readSort, type SortCommand } from './sort.ts';
import { readStatus, type StatusCommand } from './status.ts';
import { readStore, type StoreCommand } from './store.ts';
import { readTag } from './tag.ts';
import { readThread, type ThreadCommand } from './thread.ts';
import { readUidBatches, type UidBatchesCommand } from './uid-batches.ts';

/** A command without arguments. CHECK is IMAP4rev1's (RFC 3501 §6.4.1). */
export interface BareCommand {
  readonly name:
    | 'CAPABILITY'
    | 'NOOP'
    | 'LOGOUT'
    | 'STARTTLS'
    | 'NAMESPACE'
    | 'IDLE'
    | 'CHECK'
    | 'CLOSE'
    | 'UNSELECT'
    | 'UNAUTHENTICATE';
}

/** What a client asks for, told apart by `name`. */
export type CommandBody =
  | BareCommand
  | LoginCommand
  | AuthenticateCommand
  | IdCommand
  | EnableCommand
  | CompressCommand
  | SelectCommand
  | CreateCommand
  | RenameCommand
  | FolderCommand
  | ListCommand
  | LsubCommand
  | StatusCommand
  | GetMetadataCommand
  | SetMetadataCommand
  | NotifyCommand
  | GetQuotaCommand
  | GetQuotaRootCommand
  | SetQuotaCommand
  | SetAclCommand
  | IdentifierCommand
  | RightsCommand
  | AppendCommand
  | ExpungeCommand
  | UidBatchesCommand
  | SearchCommand
  | SortCommand
  | ThreadCommand
  | EsearchCommand
  | CancelUpdateCommand
  | FetchCommand
  | StoreCommand
  | CopyCommand;

export type CommandName = CommandBody['name'];

/** A command with its tag. */
export interface Command {
  readonly tag: string;
  readonly body: CommandBody;
}

export type ParseResult = { readonly ok: true; readonly command: Command } | ParseError;

type CommandReader = (cursor: Cursor) => CommandBody;

function bare(name: BareCommand['name']): [string, CommandReader] {
  return [name, () => ({ name })];
}

const COMMANDS: ReadonlyMap<string, CommandReader> = new Map<string, CommandReader>([
  bare('CAPABILITY'),
  bare('NOOP'),
  bare('LOGOUT'),
  bare('STARTTLS'),
  bare('NAMESPACE'),
  bare('IDLE'),
  bare('CHECK'),
  bare('CLOSE'),
  bare('UNSELECT'),
  bare('UNAUTHENTICATE'),
  ['LOGIN', readLogin],
  ['AUTHENTICATE', readAuthenticate],
  ['ID', readId],
  ['ENABLE', readEnable],
  ['COMPRESS', readCompress],
  ['SELECT', (cursor) => readSelect(cursor, 'SELECT')],
  ['EXAMINE', (cursor) => readSelect(cursor, 'EXAMINE')],
  ['CREATE', readCreate],
  ['RENAME', readRename],
  ['DELETE', (cursor) => readFolder(cursor, 'DELETE')],
  ['SUBSCRIBE', (cursor) => readFolder(cursor, 'SUBSCRIBE')],
  ['UNSUBSCRIBE', (cursor) => readFolder(cursor, 'UNSUBSCRIBE')],
  ['LIST', readList],
  ['LSUB', readLsub],
  ['STATUS', readStatus],
  ['GETMETADATA', readGetMetadata],
  ['SETMETADATA', readSetMetadata],
  ['NOTIFY', readNotify],
  ['GETQUOTA', readGetQuota],
  ['GETQUOTAROOT', readGetQuotaRoot],
  ['SETQUOTA', readSetQuota],
  ['SETACL', readSetAcl],
  ['DELETEACL', (cursor) => readAboutIdentifier(cursor, 'DELETEACL')],
  ['LISTRIGHTS', (cursor) => readAboutIdentifier(cursor, 'LISTRIGHTS')],
  ['GETACL', (cursor) => readAboutRights(cursor, 'GETACL')],
  ['MYRIGHTS', (cursor) => readAboutRights(cursor, 'MYRIGHTS')],
  ['APPEND', (cursor) => readAppend(cursor, 'APPEND')],
  ['REPLACE', (cursor) => readAppend(cursor, 'REPLACE')],
  ['UIDBATCHES', readUidBatches],
  ['EXPUNGE', () => ({ name: 'EXPUNGE' })],
  ['SEARCH', (cursor) => readSearch(cursor, false)],
  ['SORT', (cursor) => readSort(cursor, false)],
  ['THREAD', (cursor) => readThread(cursor, false)],
  ['ESEARCH', readEsearchCommand],
  ['CANCELUPDATE', readCancelUpdate],
  ['FETCH', (cursor) => readFetch(cursor, false)],
  ['STORE', (cursor) => readStore(cursor, false)],
  ['COPY', (cursor) => readCopy(cursor, 'COPY', false)],
  ['MOVE', (cursor) => readCopy(cursor, 'MOVE', false)],
]);

const UID_COMMANDS: ReadonlyMap<string, CommandReader> = new Map<string, CommandReader>([
  ['FETCH', (cursor) => readFetch(cursor, true)],
  ['STORE', (cursor) => readStore(cursor, true)],
  ['SEARCH', (cursor) => readSearch(cursor, true)],
  ['SORT', (cursor) => readSort(cursor, true)],
  ['THREAD', (cursor) => readThread(cursor, true)],
  ['COPY', (cursor) => readCopy(cursor, 'COPY', true)],
  ['MOVE', (cursor) => readCopy(cursor, 'MOVE', true)],
  ['EXPUNGE', readUidExpunge],
  ['REPLACE', (cursor) => readAppend(cursor, 'UID REPLACE')],
]);

const UID_EXPECTED = 'FETCH, STORE, SEARCH, SORT, THREAD, COPY, MOVE, EXPUNGE or REPLACE';

/**
 * Parses a whole command, as the reader gave it out. Never throws, whatever the bytes.
 *
 * ```abnf
 * command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF
 * uid     = "UID" SP (copy / move / fetch / search / sort / thread / store / replace / "EXPUNGE" SP sequence-set)
 * ```
 * Text arguments are decoded; byte arguments are views of `bytes`.
 */
export function parseCommand(bytes: Buffer, options: ParseOptions): ParseResult {
  const cursor = new Cursor(bytes, options, true);
  let tag = '*';
  try {
    tag = readTag(cursor);
    const body = readBody(cursor);
    cursor.end();
    return { ok: true, command: { tag, body } };
  } catch (error) {
    return parseErrorOf(error, tag, cursor.context);
  }
}

function readBody(cursor: Cursor): CommandBody {
  const start = cursor.pos;
  const name = cursor.keyword('a command');
  if (name !== 'UID') return lookUp(cursor, start, name, COMMANDS)(cursor);
  cursor.context = 'UID';
  cursor.space(UID_EXPECTED);
  const second = cursor.pos;
  const command = cursor.keyword(UID_EXPECTED);
  const read = lookUp(cursor, second, command, UID_COMMANDS);
  cursor.context = `UID ${command}`;
  return read(cursor);
}

function lookUp(
  cursor: Cursor,
  start: number,
  name: string,
  table: ReadonlyMap<string, CommandReader>,
): CommandReader {
  const read = table.get(name);
  if (read !== undefined) {
    cursor.context = name;
    return read;
  }
  cursor.pos = start;
  return cursor.fail(
    table === COMMANDS ? 'a command of IMAP4rev2 or IMAP4rev1' : [...table.keys()].join(', '),
  );
}

/** The separator test of AUTHENTICATE exchanges: whether the client cancels with "*" (RFC 9051 §6.2.2). */
export function isCancel(line: Buffer): boolean {
  return line.length === 1 && line[0] === 0x2a;
}

/** Whether a line ends IDLE: "DONE" in any case, trailing spaces forgiven (RFC 9051 §6.3.13). */
export function isDone(line: Buffer): boolean {
  let length = line.length;
  while (length > 0 && line[length - 1] === c.SP) length--;
  return length === 4 && line.toString('latin1', 0, 4).toUpperCase() === 'DONE';
}
