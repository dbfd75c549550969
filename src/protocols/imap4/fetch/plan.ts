import type { Entry, EntryColumns, EntryState } from '#store';
import {
  encodeBinarySection,
  encodeNstring,
  encodeSection,
  type FetchItem,
  formatDateTime,
  type PlainFetchItem,
  wireOf,
} from '#wire';
import { encodeEntryFlags } from '../flags.ts';
import { emailIdOf } from '../object-id.ts';
import { BINARY_COLUMNS, decodedSize, planBinary } from './binary.ts';
import type { MessageContent, Payload } from './content.ts';
import { type PayloadPlan, planSection } from './section.ts';

/** Renders one item with its name from a row. */
export type RowItem = (entry: Entry, recent: boolean) => string;
/** The same where the flags are enough for it. */
export type StateItem = (state: EntryState, recent: boolean) => string;

/** An item whose value is bytes of the message, or is computed from them. */
export interface ContentItem {
  /** The item's name as it stands in the answer: `BODY[1.2]<0>`. */
  readonly label: string;
  readonly value: (content: MessageContent) => Payload | number | Promise<Payload | number>;
}

/** A FETCH made ready: what to read of each message and how to write it. */
export interface FetchPlan {
  readonly columns: EntryColumns;
  /** All that is asked for, where the flags are enough for it: then nothing else need be read. */
  readonly stateItems: readonly StateItem[] | undefined;
  readonly rowItems: readonly RowItem[];
  readonly contentItems: readonly ContentItem[];
  /** It fetches bodies without PEEK, which sets \Seen (RFC 9051 §6.4.5). */
  readonly setsSeen: boolean;
  readonly hasFlags: boolean;
  readonly hasModSeq: boolean;
}

export interface PlanOptions {
  /** Each answer names the uid (RFC 9051 §6.4.9). */
  readonly uid: boolean;
  /** Each answer names the mod-sequence, asked for or not (RFC 7162 §3.1.4.1). */
  readonly modSeq: boolean;
  /** Quoted strings may be UTF-8. */
  readonly utf8: boolean;
}

const renderUid: StateItem = ({ uid }) => `UID ${uid}`;
export const renderFlags: StateItem = (state, recent) =>
  `FLAGS (${encodeEntryFlags(state, recent)})`;
export const renderModSeq: StateItem = ({ modSeq }) => `MODSEQ (${modSeq})`;
const STATE_ITEMS: readonly StateItem[] = [renderUid, renderFlags, renderModSeq];

/** The items that are sections of the message under an old name (RFC 3501 §6.4.5). */
type Rfc822 = 'RFC822' | 'RFC822.PEEK' | 'RFC822.HEADER' | 'RFC822.TEXT';

const ROW_ITEMS: Readonly<Record<Exclude<PlainFetchItem, Rfc822> | 'BODY', RowItem>> = {
  UID: renderUid,
  FLAGS: renderFlags,
  MODSEQ: renderModSeq,
  INTERNALDATE: (entry) => `INTERNALDATE ${formatDateTime(entry.internalMs)}`,
  SAVEDATE: (entry) => `SAVEDATE ${formatDateTime(entry.savedMs)}`,
  'RFC822.SIZE': (entry) => `RFC822.SIZE ${entry.sizeBytes}`,
  EMAILID: (entry) => `EMAILID (${emailIdOf(entry.hash!)})`,
  THREADID: () => 'THREADID NIL',
  ENVELOPE: (entry) => `ENVELOPE ${entry.envelope}`,
  BODYSTRUCTURE: (entry) => `BODYSTRUCTURE ${entry.bodyStructure}`,
  BODY: (entry) => `BODY ${entry.bodyShort}`,
};

const ROW_COLUMNS: Readonly<Partial<Record<FetchItem['item'], EntryColumns>>> = {
  EMAILID: { hash: true },
  ENVELOPE: { envelope: true },
  BODYSTRUCTURE: { bodyStructure: true },
  BODY: { bodyShort: true },
};

/** Prepares what a FETCH asks for; done once for each command. */
export function planFetch(items: readonly FetchItem[], options: PlanOptions): FetchPlan {
  const rowItems = new Set<RowItem>();
  const contentItems = new Map<string, ContentItem>();
  let columns: EntryColumns = {};
  if (options.uid) rowItems.add(ROW_ITEMS.UID);
  for (const item of items) {
    const content = planContent(item);
    if (content !== undefined) {
      contentItems.set(content.label, content);
      columns = { ...columns, ...content.columns };
    } else if (item.item === 'PREVIEW') {
      columns = { ...columns, preview: true };
      rowItems.add(options.utf8 ? renderPreviewUtf8 : renderPreview);
    } else {
      columns = { ...columns, ...ROW_COLUMNS[item.item] };
      rowItems.add(ROW_ITEMS[item.item as keyof typeof ROW_ITEMS]);
    }
  }
  if (options.modSeq) rowItems.add(renderModSeq);
  const sets = items.some(setsSeen);
  return {
    columns: { ...columns, only: sets ? undefined : onlyOf(rowItems) },
    stateItems: contentItems.size === 0 ? allStateItems(rowItems) : undefined,
    rowItems: [...rowItems],
    contentItems: [...contentItems.values()],
    setsSeen: sets,
    hasFlags: rowItems.has(renderFlags),
    hasModSeq: rowItems.has(renderModSeq),
  };
}

/** What of the fixed columns is enough for some items. */
function onlyOf(rowItems: ReadonlySet<RowItem>): EntryColumns['only'] {
  const { FLAGS, MODSEQ, INTERNALDATE, SAVEDATE } = ROW_ITEMS;
  return [FLAGS, MODSEQ, INTERNALDATE, SAVEDATE].some((item) => rowItems.has(item))
    ? undefined
    : 'bytes';
}

/** The items, if the flags are enough for all of them. */
function allStateItems(rowItems: ReadonlySet<RowItem>): readonly StateItem[] | undefined {
  const items = [...rowItems].flatMap((item) => STATE_ITEMS.find((each) => each === item) ?? []);
  return items.length === rowItems.size ? items : undefined;
}

/** PREVIEW (RFC 8970 §3): previews are made when a message comes, so LAZY makes no difference. */
const renderPreview: RowItem = (entry) => `PREVIEW ${encodeNstring(wireOf(entry.preview!))}`;
const renderPreviewUtf8: RowItem = (entry) =>
  `PREVIEW ${encodeNstring(wireOf(entry.preview!), true)}`;

function setsSeen(item: FetchItem): boolean {
  switch (item.item) {
    case 'BODY[]':
    case 'BINARY':
      return !item.peek;
    case 'RFC822':
    case 'RFC822.TEXT':
      return true;
    default:
      return false;
  }
}

function planContent(item: FetchItem): (ContentItem & { columns: EntryColumns }) | undefined {
  switch (item.item) {
    case 'BODY[]': {
      const label = `BODY${encodeSection(item.section, item.partial?.offset)}`;
      return labelled(label, planSection(item.section, item.partial));
    }
    case 'BINARY': {
      const label = `BINARY${encodeBinarySection(item.part, item.partial?.offset)}`;
      return labelled(label, planBinary(item.part, item.partial));
    }
    case 'BINARY.SIZE':
      return {
        label: `BINARY.SIZE${encodeBinarySection(item.part)}`,
        columns: BINARY_COLUMNS,
        value: (content) => decodedSize(content, item.part),
      };
    case 'RFC822':
    case 'RFC822.PEEK':
      return labelled('RFC822', planSection({ part: [] }, undefined));
    case 'RFC822.HEADER':
      return labelled('RFC822.HEADER', planSection({ part: [], text: 'HEADER' }, undefined));
    case 'RFC822.TEXT':
      return labelled('RFC822.TEXT', planSection({ part: [], text: 'TEXT' }, undefined));
    default:
      return undefined;
  }
}

function labelled(label: string, plan: PayloadPlan): ContentItem & { columns: EntryColumns } {
  return { label, columns: plan.columns, value: plan.payload };
}
