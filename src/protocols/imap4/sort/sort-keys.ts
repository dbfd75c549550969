import { baseSubject, collationKey, type EnvelopeAddress, EnvelopeReader } from '#content';
import type { Entry, EntryColumns } from '#store';
import type { SortCriterion, SortKey } from '#wire';

/** Subjects shorter than this are whole in the index; of longer ones the envelope has the rest. */
export const SUBJECT_CHARS_CERTAIN = 500;

/** What has to be read for a key. */
const COLUMNS: Readonly<Record<SortKey, EntryColumns>> = {
  ARRIVAL: {},
  SIZE: {},
  DATE: { content: true },
  SUBJECT: { subject: true },
  CC: { envelope: true },
  FROM: { envelope: true },
  TO: { envelope: true },
  DISPLAYFROM: { envelope: true },
  DISPLAYTO: { envelope: true },
};

type Column = number[] | string[];

/** The columns that criteria need. */
export function sortColumns(criteria: readonly SortCriterion[]): EntryColumns {
  return Object.assign({}, ...criteria.map(({ key }) => COLUMNS[key]));
}

/** The sent date: the Date field, or INTERNALDATE where it is missing or no date (RFC 5256 §2.2). */
export function sentDateOf(entry: Entry): number {
  return entry.sentAtMs ?? entry.internalMs;
}

/** A subject that may be cut in the index. */
export function isCut(subject: string): boolean {
  return subject.length >= SUBJECT_CHARS_CERTAIN;
}

/**
 * What messages are sorted by, and nothing else of them: a number or the octets of the collation for each criterion
 * (RFC 5256 §3, RFC 5255 §4.6). Rows are numbered in the order in which they were added.
 */
export class SortKeys {
  readonly #criteria: readonly SortCriterion[];
  readonly #columns: readonly Column[];
  #length = 0;

  constructor(criteria: readonly SortCriterion[]) {
    this.#criteria = criteria;
    this.#columns = criteria.map(() => []);
  }

  get length(): number {
    return this.#length;
  }

  /** Takes a message's keys; gives its row. @param longSubject the whole subject where the index may have cut it */
  add(entry: Entry, longSubject: string | undefined): number {
    const envelope = entry.envelope === undefined ? undefined : new EnvelopeReader(entry.envelope);
    const subject = longSubject ?? entry.subject ?? '';
    this.#criteria.forEach(({ key }, index) => {
      (this.#columns[index] as (number | string)[]).push(keyOf(key, entry, subject, envelope));
    });
    return this.#length++;
  }

  /** Copies a row of other keys with the same criteria; gives its row here. */
  take(other: SortKeys, row: number): number {
    this.#columns.forEach((column, index) => {
      (column as (number | string)[]).push(other.#columns[index]![row]!);
    });
    return this.#length++;
  }

  /** Below 0: the message of row `a` comes first. 0: the criteria do not tell, so that their order in the mailbox does. */
  compare(a: number, b: number): number {
    return this.compareWith(a, this, b);
  }

  /** As {@link compare}, where `b` is a row of other keys with the same criteria. */
  compareWith(a: number, other: SortKeys, b: number): number {
    for (let index = 0; index < this.#columns.length; index++) {
      const left = this.#columns[index]![a]!;
      const right = other.#columns[index]![b]!;
      if (left === right) continue;
      return left < right === this.#criteria[index]!.reverse ? 1 : -1;
    }
    return 0;
  }
}

function keyOf(
  key: SortKey,
  entry: Entry,
  subject: string,
  envelope: EnvelopeReader | undefined,
): number | string {
  switch (key) {
    case 'ARRIVAL':
      return entry.internalMs;
    case 'DATE':
      return sentDateOf(entry);
    case 'SIZE':
      return entry.sizeBytes;
    case 'SUBJECT':
      return collationKey(baseSubject(subject));
    case 'FROM':
      return collationKey(envelope?.first('from')?.mailbox ?? '');
    case 'TO':
      return collationKey(envelope?.first('to')?.mailbox ?? '');
    case 'CC':
      return collationKey(envelope?.first('cc')?.mailbox ?? '');
    case 'DISPLAYFROM':
      return collationKey(displayOf(envelope?.first('from')));
    case 'DISPLAYTO':
      return collationKey(displayOf(envelope?.first('to')));
  }
}

/** What an address is shown by: its name, else itself (RFC 5957 §3). A domain that is missing shows as an empty one here. */
function displayOf(address: EnvelopeAddress | undefined): string {
  const { name, mailbox, host } = address ?? {};
  if (name !== undefined && name !== '') return name;
  if (mailbox === undefined) return '';
  return host === undefined || host === '' ? mailbox : `${mailbox}@${host}`;
}
