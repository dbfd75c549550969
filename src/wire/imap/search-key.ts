import type { ModSeq, SeqNum, Uid } from '#model';
import type { FlagName } from './flags.ts';
import type { NumSet } from './number-set.ts';
import type { SearchReturns } from './search-return.ts';

/** Which time of a message a date key looks at: INTERNALDATE, the Date field, or RFC 8514's save date. */
export type SearchTime = 'internal' | 'sent' | 'saved';

/** The address fields that have a key of their own. */
export type SearchField = 'BCC' | 'CC' | 'FROM' | 'SUBJECT' | 'TO';

/** One condition of a search, a tree. */
export type SearchKey =
  | { readonly key: 'all' }
  | { readonly key: 'and' | 'or'; readonly keys: readonly SearchKey[] }
  | { readonly key: 'not'; readonly of: SearchKey }
  /** ANSWERED, KEYWORD x …, or UNSEEN, UNKEYWORD x … when `set` is false. */
  | { readonly key: 'flag'; readonly flag: FlagName; readonly set: boolean }
  /** RECENT, and OLD when `set` is false; NEW comes as `and` of RECENT and UNSEEN (RFC 3501 §6.4.4). */
  | { readonly key: 'recent'; readonly set: boolean }
  | { readonly key: 'seqs'; readonly set: NumSet<SeqNum> }
  | { readonly key: 'uids'; readonly set: NumSet<Uid> }
  | { readonly key: 'field'; readonly field: SearchField; readonly text: string }
  /** HEADER; an empty `text` finds every message that has the field. */
  | { readonly key: 'header'; readonly name: string; readonly text: string }
  | { readonly key: 'body' | 'text'; readonly text: string }
  /** `dayMs`: milliseconds since 1970 of the day's start in UTC; times and zones are disregarded. */
  | {
      readonly key: 'date';
      readonly time: SearchTime;
      readonly op: 'before' | 'on' | 'since';
      readonly dayMs: number;
    }
  | { readonly key: 'save-date-supported' }
  /** LARGER, SMALLER: than so many bytes. */
  | { readonly key: 'larger' | 'smaller'; readonly sizeBytes: number }
  /** OLDER, YOUNGER: INTERNALDATE so many seconds ago (RFC 5032 §2). */
  | { readonly key: 'older' | 'younger'; readonly ageSeconds: number }
  /** Mod-sequence at least this (RFC 7162 §3.1.5); `entry` limits it to a flag's metadata. */
  | { readonly key: 'modseq'; readonly modSeq: ModSeq; readonly entry?: ModSeqEntry }
  | { readonly key: 'email-id' | 'thread-id'; readonly id: string };

/** A flag's own mod-sequence, which a server may keep: `"/flags/\\draft" all`. */
export interface ModSeqEntry {
  readonly name: string;
  readonly type: 'priv' | 'shared' | 'all';
}

/** What a searching command looks for. */
export interface SearchProgram {
  /** As the client named it; the texts of the key are decoded already. */
  readonly charset?: string;
  readonly key: SearchKey;
}

export interface SearchCommand extends SearchProgram, SearchReturns {
  readonly name: 'SEARCH';
  /** Results are UIDs. */
  readonly uid: boolean;
}
