import type { Content, FlagSet } from '#model';
import type { IngestedEntry } from '#storage';

/** One message of an append. */
export interface NewMessage {
  readonly content: Content;
  readonly flags: FlagSet;
  readonly keywords: readonly string[];
  readonly internalMs: number;
}

/** What came of an append: one for each message, in order. */
export interface Appended {
  readonly entries: readonly IngestedEntry[];
}
