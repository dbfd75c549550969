/** System flags as bits of an entry (RFC 9051 §2.3.2); keywords are kept beside them by name. */
export const Flag = { Seen: 1, Answered: 2, Flagged: 4, Deleted: 8, Draft: 16 } as const;
export type Flag = (typeof Flag)[keyof typeof Flag];

/** A set of system flags: an or of `Flag` bits. */
export type FlagSet = number;
