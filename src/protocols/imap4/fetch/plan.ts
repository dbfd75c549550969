import type { Entry, EntryColumns, EntryState } from '#store';
import {
  encodeBinarySection,
  encodeNstring,
  encodeSection,
  type FetchItem,
  type FetchPartial,
  formatDateTime,
  type PlainFetchItem,
  type WireBuffer,
  wireOf,
} from '#wire';
import { encodeEntryFlags } from '../flags.ts';
import { emailIdOf } from '../object-id.ts';
import { BINARY_COLUMNS, decodedSize, planBinary } from './binary.ts';
import type { MessageContent, Payload } from './content.ts';
import { type PayloadPlan, planSection } from './section.ts';

/** Writes one item with its name from the flags. */
export type StateItem = (wire: WireBuffer, state: EntryState, recent: boolean) => void;
/** Renders one with its name from what of a row never changes. */
type FixedItem = (entry: Entry) => string;

/** An item whose value is bytes of the message, or is computed from them. */
export interface ContentItem {
  /** The item's name as it stands in the answer: `BODY[1.2]<0>`. */
  readonly label: string;
  readonly value: (content: MessageContent) => Payload | number | Promise<Payload | number>;
}

/** A FETCH made ready: what to read of each message and how to write it. */
export interface FetchPlan {
  readonly columns: EntryColumns;
  /** What may change. */
  readonly stateItems: readonly StateItem[];
  /** What never does, of the row and of the bytes. */
  readonly fixedItems: readonly FixedItem[];
  readonly contentItems: readonly ContentItem[];
  /** Names all that never changes, and how it is written: the same text for the same answer; empty when only the flags are asked for. */
  readonly fixedKey: string;
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

const putUid: StateItem = (wire, { uid }) => {
  wire.put('UID ');
  wire.putNumber(uid);
};
export const putFlags: StateItem = (wire, state, recent) => {
  wire.put('FLAGS (');
  wire.put(encodeEntryFlags(state, recent));
  wire.put(')');
};
export const putModSeq: StateItem = (wire, { modSeq }) => {
  wire.put('MODSEQ (');
  wire.putNumber(modSeq);
  wire.put(')');
};

/** The items that are sections of the message under an old name (RFC 3501 §6.4.5). */
type Rfc822 = 'RFC822' | 'RFC822.PEEK' | 'RFC822.HEADER' | 'RFC822.TEXT';
type StateName = 'UID' | 'FLAGS' | 'MODSEQ';
type FixedName = Exclude<PlainFetchItem, Rfc822 | StateName> | 'BODY';

const STATE_ITEMS: Readonly<Record<StateName, StateItem>> = {
  UID: putUid,
  FLAGS: putFlags,
  MODSEQ: putModSeq,
};

const FIXED_ITEMS: Readonly<Record<FixedName, FixedItem>> = {
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
  const states = new Set<StateItem>();
  const fixed = new Map<string, FixedItem>();
  const contents = new Map<string, ContentItem>();
  let columns: EntryColumns = {};
  if (options.uid) states.add(putUid);
  for (const item of items) {
    const content = planContent(item);
    if (content !== undefined) {
      contents.set(content.name, content);
      columns = { ...columns, ...content.columns };
    } else if (isState(item)) states.add(STATE_ITEMS[item.item]);
    else if (item.item === 'PREVIEW') {
      columns = { ...columns, preview: true };
      if (options.utf8) fixed.set('PREVIEW in UTF-8', renderPreviewUtf8);
      else fixed.set('PREVIEW', renderPreview);
    } else {
      columns = { ...columns, ...ROW_COLUMNS[item.item] };
      fixed.set(item.item, FIXED_ITEMS[item.item as FixedName]);
    }
  }
  if (options.modSeq) states.add(putModSeq);
  const setsSeen = items.some(isReading);
  const hasFlags = states.has(putFlags);
  const hasModSeq = states.has(putModSeq);
  const hasDate = fixed.has('INTERNALDATE') || fixed.has('SAVEDATE');
  return {
    columns: {
      ...columns,
      only: setsSeen || hasFlags || hasModSeq || hasDate ? undefined : 'bytes',
    },
    stateItems: [...states],
    fixedItems: [...fixed.values()],
    contentItems: [...contents.values()],
    fixedKey: [...fixed.keys(), ...contents.keys()].join(' '),
    setsSeen,
    hasFlags,
    hasModSeq,
  };
}

function isState(item: FetchItem): item is { readonly item: StateName } {
  return item.item in STATE_ITEMS;
}

/** PREVIEW (RFC 8970 §3): previews are made when a message comes, so LAZY makes no difference. */
const renderPreview: FixedItem = (entry) => `PREVIEW ${encodeNstring(wireOf(entry.preview!))}`;
const renderPreviewUtf8: FixedItem = (entry) =>
  `PREVIEW ${encodeNstring(wireOf(entry.preview!), true)}`;

function isReading(item: FetchItem): boolean {
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

type PlannedContent = ContentItem & { readonly name: string; readonly columns: EntryColumns };

function planContent(item: FetchItem): PlannedContent | undefined {
  switch (item.item) {
    case 'BODY[]': {
      const { section, partial } = item;
      const label = `BODY${encodeSection(section, partial?.offset)}`;
      return labelled(label, planSection(section, partial), partial);
    }
    case 'BINARY': {
      const { part, partial } = item;
      const label = `BINARY${encodeBinarySection(part, partial?.offset)}`;
      return labelled(label, planBinary(part, partial), partial);
    }
    case 'BINARY.SIZE': {
      const label = `BINARY.SIZE${encodeBinarySection(item.part)}`;
      const value: ContentItem['value'] = (content) => decodedSize(content, item.part);
      return { label, name: label, columns: BINARY_COLUMNS, value };
    }
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

/** The label tells where a partial begins, the name how long it may be, too. */
function labelled(label: string, plan: PayloadPlan, partial?: FetchPartial): PlannedContent {
  const name = partial === undefined ? label : `${label}.${partial.length}`;
  return { label, name, columns: plan.columns, value: plan.payload };
}
