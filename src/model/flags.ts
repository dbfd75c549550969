/** System flags as bits of an entry (RFC 9051 §2.3.2); keywords are kept beside them by name. */
export const Flag = { Seen: 1, Answered: 2, Flagged: 4, Deleted: 8, Draft: 16 } as const;
export type Flag = (typeof Flag)[keyof typeof Flag];

/** A set of system flags: an or of `Flag` bits. */
export type FlagSet = number;

/** Some of an entry's flags: system flags as bits, and keywords all or none. */
export interface FlagMask {
  readonly flags: FlagSet;
  readonly keywords: boolean;
}

/** Every flag there is. */
export const ALL_FLAGS: FlagMask = { flags: 31, keywords: true };
