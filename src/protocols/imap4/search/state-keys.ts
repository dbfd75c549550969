import { Flag } from '#model';
import type { Entry } from '#store';
import type { SearchKey, SystemFlag } from '#wire';
import { emailIdOf } from '../object-id.ts';
import { Stage } from './candidate.ts';
import type { Condition } from './condition.ts';

type KeyOf<Key extends SearchKey['key']> = Extract<SearchKey, { key: Key }>;

export const DAY_MS = 86_400_000;

export const FLAG_OF: Readonly<Record<SystemFlag, Flag>> = {
  '\\Seen': Flag.Seen,
  '\\Answered': Flag.Answered,
  '\\Flagged': Flag.Flagged,
  '\\Deleted': Flag.Deleted,
  '\\Draft': Flag.Draft,
};

/** A condition on the folder's own row of a message. */
function onState(test: (entry: Entry) => boolean): Condition {
  return {
    stages: [Stage.State],
    test: ({ entry }) => (entry === undefined ? undefined : test(entry)),
  };
}

/** ANSWERED … UNSEEN, KEYWORD and UNKEYWORD; keywords in any case (RFC 9051 §2.3.2). */
export function flagKey(key: KeyOf<'flag'>): Condition {
  const { flag, set } = key;
  if (flag.startsWith('\\')) {
    const bit = FLAG_OF[flag as SystemFlag];
    return onState((entry) => ((entry.flags & bit) !== 0) === set);
  }
  const wanted = ` ${flag.toLowerCase()} `;
  return onState(
    ({ keywords }) => (keywords !== '' && ` ${keywords} `.toLowerCase().includes(wanted)) === set,
  );
}

/**
 * BEFORE, ON and SINCE, and their SAVED forms (RFC 8514 §4.3). INTERNALDATE and SAVEDATE are shown in UTC, so the
 * day that a client sees is the day in UTC.
 */
export function storedDateKey(key: KeyOf<'date'>): Condition {
  const { dayMs, op } = key;
  const time: (entry: Entry) => number =
    key.time === 'saved' ? (entry) => entry.savedMs : (entry) => entry.internalMs;
  switch (op) {
    case 'before':
      return onState((entry) => time(entry) < dayMs);
    case 'on':
      return onState((entry) => time(entry) >= dayMs && time(entry) < dayMs + DAY_MS);
    case 'since':
      return onState((entry) => time(entry) >= dayMs);
  }
}

/** LARGER and SMALLER: strictly (RFC 9051 §6.4.4). */
export function sizeKey({ key, sizeBytes }: KeyOf<'larger' | 'smaller'>): Condition {
  return key === 'larger'
    ? onState((entry) => entry.sizeBytes > sizeBytes)
    : onState((entry) => entry.sizeBytes < sizeBytes);
}

/** OLDER and YOUNGER than the time that lies the interval before now (RFC 5032 §1). */
export function ageKey({ key, ageSeconds }: KeyOf<'older' | 'younger'>, nowMs: number): Condition {
  const limitMs = nowMs - ageSeconds * 1000;
  return key === 'older'
    ? onState((entry) => entry.internalMs < limitMs)
    : onState((entry) => entry.internalMs >= limitMs);
}

/**
 * MODSEQ. There is one mod-sequence a message, so the name of a single flag's is disregarded, as RFC 7162 §3.1.5
 * tells servers that keep no others.
 */
export function modSeqKey({ modSeq }: KeyOf<'modseq'>): Condition {
  return onState((entry) => entry.modSeq >= modSeq);
}

/** EMAILID: the same content has the same id in every folder (RFC 8474 §5.1). */
export function emailIdKey({ id }: KeyOf<'email-id' | 'thread-id'>): Condition {
  return {
    stages: [Stage.Index],
    test: ({ hash }) => (hash === undefined ? undefined : emailIdOf(hash) === id),
  };
}
