import type { ContentId, ModSeq, Uid } from '#model';
import type { Entry, EntryColumns } from './reads.ts';

/** A larger head alone does not come as a wire string: heads are read by the hundred, and are mostly far smaller. */
export const HEAD_AS_WIRE_BYTES_MAX = 16 * 1024;

/** What is read only when asked for, in the order in which it follows the fixed columns. */
const OPTIONAL = [
  ['c.envelope', ({ envelope }) => envelope],
  ['c.body_structure', ({ bodyStructure }) => bodyStructure],
  ['c.body_short', ({ bodyShort }) => bodyShort],
  ['c.structure', ({ structure }) => structure],
  ['c.preview', ({ preview }) => preview],
  ['c.subject', ({ subject }) => subject],
  ['c.head', ({ head, wire }) => head && !wire],
  ['c.body', ({ body, wire }) => body && !wire],
  ['c.hash', ({ hash }) => hash],
  // Each engine spells these as fits it. Joined here they cost less than joined there.
  ['small head as wire', ({ head, body, wire }) => wire && head && !body],
  ['head as wire', ({ body, wire }) => wire && body],
  ['body as wire', ({ body, wire }) => wire && body],
] as const satisfies readonly (readonly [
  string,
  isAsked: (columns: EntryColumns) => boolean | undefined,
])[];

/** The fixed columns, in groups; the uid stands before them. */
const FIXED = {
  flags: ['e.modseq', 'e.flags', 'e.keywords'],
  place: ['e.content_id', 'e.size_bytes'],
  dates: ['e.internal_ms', 'e.saved_ms'],
  content: ['c.head_bytes', 'c.blob'],
  sent: ['c.sent_ms'],
} as const;
type Group = keyof typeof FIXED;

/** A column of a row: `entry` is e, `content` is c. */
export type EntryColumn = 'e.uid' | (typeof FIXED)[Group][number] | (typeof OPTIONAL)[number][0];

/** Where what was asked for stands in a row. */
export interface EntryLayout {
  /** In the order of the row. */
  readonly columns: readonly EntryColumn[];
  /** Whether some of them are of `content`; without any it need not be looked at. */
  readonly hasContent: boolean;
  /** Where the first of a group stands; -1 where it is not read. */
  readonly groups: Readonly<Record<Group, number>>;
  /** Where each of `OPTIONAL` stands; -1 where it is not read. */
  readonly positions: readonly number[];
}

/** How an engine's cells become what an entry has; numbers and texts are what they are. */
export interface CellDecoding<Cell> {
  readonly rendered: (cell: Cell) => string;
  readonly bytes: (cell: NonNullable<Cell>) => Buffer;
  /** Bytes of a message as a wire string; undefined when the cell does not tell them. */
  readonly wire: (cell: NonNullable<Cell>, sizeBytes: number) => string | undefined;
}

const layouts = new Map<number, EntryLayout>();

/** The row for what is asked for; always the same object for the same. */
export function layoutOf(columns: EntryColumns): EntryLayout {
  let key = 0;
  OPTIONAL.forEach(([, isAsked], index) => {
    if (isAsked(columns) === true) key |= 1 << index;
  });
  // Sizes and dates of the content come from the same row.
  if (columns.content === true) key |= 1 << OPTIONAL.length;
  const hasContent = key !== 0;
  if (columns.only === 'bytes') key |= 1 << (OPTIONAL.length + 1);
  let layout = layouts.get(key);
  if (layout === undefined) {
    layout = makeLayout(columns, groupsOf(columns, hasContent));
    layouts.set(key, layout);
  }
  return layout;
}

function groupsOf({ only }: EntryColumns, hasContent: boolean): readonly Group[] {
  if (only === 'bytes') return hasContent ? ['place', 'content'] : ['place'];
  return hasContent ? ['flags', 'place', 'dates', 'content', 'sent'] : ['flags', 'place', 'dates'];
}

function makeLayout(asked: EntryColumns, groups: readonly Group[]): EntryLayout {
  const hasContent = groups.includes('content');
  const columns: EntryColumn[] = ['e.uid'];
  const at: Record<Group, number> = { flags: -1, place: -1, dates: -1, content: -1, sent: -1 };
  for (const group of groups) at[group] = columns.push(...FIXED[group]) - FIXED[group].length;
  const positions = OPTIONAL.map(([column, isAsked]) =>
    hasContent && isAsked(asked) === true ? columns.push(column) - 1 : -1,
  );
  return { columns, hasContent, groups: at, positions };
}

/** The entry of a row that has a layout. */
export function entryOf<Cell extends string | number | boolean | Uint8Array | null>(
  row: readonly Cell[],
  { groups, positions }: EntryLayout,
  decoding: CellDecoding<Cell>,
): Entry {
  const { flags, place, dates, content, sent } = groups;
  const rendered = (index: number): string | undefined => {
    const at = positions[index]!;
    return at < 0 ? undefined : decoding.rendered(row[at]!);
  };
  const text = (index: number): string | undefined => {
    const at = positions[index]!;
    return at < 0 ? undefined : (row[at] as string);
  };
  const bytes = (index: number): Buffer | undefined => {
    const at = positions[index]!;
    const cell = at < 0 ? null : row[at]!;
    return cell === null ? undefined : decoding.bytes(cell);
  };
  const wire = (index: number, sizeBytes: number): string | undefined => {
    const at = positions[index]!;
    const cell = at < 0 ? null : row[at]!;
    return cell === null ? undefined : decoding.wire(cell, sizeBytes);
  };
  // A body that is a blob does not come.
  const hasBody = positions[11]! >= 0 && row[positions[11]!] !== null;
  const message = (head: string | undefined): string | undefined => {
    if (head === undefined || !hasBody) return head;
    const body = wire(11, sizeBytes - headBytes);
    return body === undefined ? undefined : head + body;
  };
  const keywords = flags < 0 ? '' : (row[flags + 2] as string);
  const sizeBytes = place < 0 ? 0 : (row[place + 1] as number);
  const headBytes = content < 0 ? 0 : (row[content] as number);
  const blob = content < 0 ? null : (row[content + 1] as string | null);
  return {
    uid: row[0] as Uid,
    modSeq: (flags < 0 ? 0 : row[flags]) as ModSeq,
    flags: flags < 0 ? 0 : (row[flags + 1] as number),
    keywords: keywords.length <= 1 ? '' : keywords.slice(1, -1),
    contentId: (place < 0 ? 0 : row[place]) as ContentId,
    sizeBytes,
    internalMs: dates < 0 ? 0 : (row[dates] as number),
    savedMs: dates < 0 ? 0 : (row[dates + 1] as number),
    sentAtMs: sent < 0 ? undefined : ((row[sent] as number | null) ?? undefined),
    headBytes,
    blob: blob ?? undefined,
    envelope: rendered(0),
    bodyStructure: rendered(1),
    bodyShort: rendered(2),
    structure: rendered(3),
    preview: text(4),
    subject: text(5),
    head: bytes(6),
    body: bytes(7),
    hash: bytes(8),
    wire: message(wire(9, headBytes) ?? wire(10, headBytes)),
  };
}
