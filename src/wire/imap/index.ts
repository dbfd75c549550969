/**
 * IMAP4rev2 and IMAP4rev1 as bytes (RFC 9051, RFC 3501, and the extensions named at each parser).
 *
 * - A server gives what comes to a `CommandReader`, which cuts it into commands, decides with it about each
 *   announced literal (`parseAppendLiteral` tells whether it is a message), and gives the commands to `parseCommand`.
 * - It answers with the `encode…` functions, which give wire strings: one character a byte.
 * - A client uses `ResponseReader`.
 *
 * Bytes given to a reader must not be overwritten afterwards: commands and data are views of them.
 */
export {
  type AclData,
  encodeAclData,
  type IdentifierCommand,
  type IdentifierRights,
  type RightsCommand,
  type SetAclCommand,
} from './acl.ts';
export {
  type AppendCommand,
  type AppendHead,
  type AppendLiteral,
  type AppendPlace,
  type AppendRun,
  type AppendStep,
  type AppendTarget,
  parseAppendLiteral,
  parseAppendNext,
} from './append.ts';
export {
  type AuthenticateCommand,
  decodeBase64,
  type EnableCommand,
  type IdCommand,
  type LoginCommand,
} from './auth.ts';
export type { CancelUpdateCommand } from './cancel-update.ts';
export {
  type BareCommand,
  type Command,
  type CommandBody,
  type CommandName,
  isCancel,
  isDone,
  type ParseResult,
  parseCommand,
} from './commands.ts';
export type { CompressCommand } from './compress.ts';
export type { CopyCommand, ExpungeCommand } from './copy.ts';
export { formatDate, formatDateTime, parseDate, parseDateTime } from './date.ts';
export {
  encodeAstring,
  encodeBinarySection,
  encodeFlags,
  encodeLiteral,
  encodeLiteral8,
  encodeMailbox,
  encodeNstring,
  encodeQuoted,
  encodeSection,
  encodeString,
  wireOf,
} from './encode.ts';
export {
  type Condition,
  encodeCapability,
  encodeContinuation,
  encodeCount,
  encodeEnabled,
  encodeFlagsResponse,
  encodeId,
  encodeList,
  encodeMailboxStatus,
  encodeNamespace,
  encodeSearch,
  encodeSort,
  encodeStatus,
  encodeUidBatches,
  encodeVanished,
  type ListedMailbox,
  type Namespace,
  type ResponseCode,
  responseCode,
  type StatusValue,
} from './encode-response.ts';
export type { EsearchCommand } from './esearch.ts';
export {
  type ContextChange,
  type EsearchData,
  encodeEsearch,
  type SearchCorrelator,
  type SearchResult,
} from './esearch-data.ts';
export type { FetchCommand, FetchItem, PlainFetchItem } from './fetch.ts';
export type { FolderFilter, MailboxFilter, SearchSource } from './filter-mailboxes.ts';
export { type FlagName, isKeyword, SYSTEM_FLAGS, type SystemFlag, systemFlag } from './flags.ts';
export {
  type CreateCommand,
  type FolderCommand,
  type RenameCommand,
  specialUse,
} from './folder.ts';
export type { ListCommand, ListReturnOption, ListSelectOption, LsubCommand } from './list.ts';
export type { LiteralAnnouncement } from './literal.ts';
export { canonicalMailbox } from './mailbox.ts';
export {
  encodeMetadata,
  encodeMetadataChanged,
  type GetMetadataCommand,
  type MetadataData,
  type MetadataDepth,
  type SetMetadataCommand,
} from './metadata.ts';
export { type EventGroup, NOTIFY_EVENTS, type NotifyCommand, type NotifyEvent } from './notify.ts';
export {
  countOf,
  formatNumbers,
  formatRanges,
  formatSet,
  mergeRanges,
  type NumRange,
  type NumSet,
  numbersIn,
  orderedRanges,
  positionsIn,
  type Ranges,
  rangesInclude,
  rangesOf,
  resolveSet,
  STAR,
} from './number-set.ts';
export type { ParseError, ParseOptions } from './parser.ts';
export { type PartialRange, partialIndexes } from './partial-range.ts';
export {
  encodeQuota,
  encodeQuotaRoot,
  type GetQuotaCommand,
  type GetQuotaRootCommand,
  type QuotaData,
  type QuotaResource,
  type QuotaRootData,
  type SetQuotaCommand,
} from './quota.ts';
export {
  CommandReader,
  type ReaderErrorCode,
  type ReaderLimits,
  type ReaderResult,
} from './reader.ts';
export {
  type FetchData,
  parseResponse,
  type Response,
  type StatusText,
  type Untagged,
} from './response.ts';
export { ResponseReader } from './response-reader.ts';
export type {
  ModSeqEntry,
  SearchCommand,
  SearchField,
  SearchKey,
  SearchProgram,
  SearchTime,
} from './search-key.ts';
export type { SearchReturn, SearchReturns } from './search-return.ts';
export type { FetchPartial, Section } from './section.ts';
export type { QresyncParameters, SelectCommand } from './select.ts';
export type { SortCommand, SortCriterion, SortKey } from './sort.ts';
export { STATUS_ITEMS, type StatusCommand, type StatusItem } from './status.ts';
export type { StoreCommand } from './store.ts';
export type { ThreadAlgorithm, ThreadCommand } from './thread.ts';
export { encodeThreads, type ThreadForest } from './thread-list.ts';
export type { UidBatchesCommand } from './uid-batches.ts';
export { type ImapUrl, parseImapUrl } from './url.ts';
export { decodeUtf7, encodeUtf7 } from './utf7.ts';
export { textOf, type Value } from './value.ts';
export { WireBuffer } from './wire-buffer.ts';
