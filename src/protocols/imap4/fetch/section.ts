import { embeddedMessage, findPart, headerFields, type Part } from '#content';
import type { EntryColumns } from '#store';
import type { FetchPartial, Section } from '#wire';
import { type ByteRange, cutRange, type MessageContent, type Payload } from './content.ts';

/** How to get a section of a message, and which columns that needs. */
export interface PayloadPlan {
  readonly columns: EntryColumns;
  readonly payload: (content: MessageContent) => Payload | Promise<Payload>;
}

type Locate = (content: MessageContent) => ByteRange | undefined;

const HEAD = { wire: true, head: true } as const;
const BODY = { wire: true, body: true } as const;
const WHOLE = { ...HEAD, ...BODY } as const;
const IN_PARTS = { ...WHOLE, structure: true } as const;

/** Prepares BODY[section]<partial> (RFC 9051 §6.4.5.1). */
export function planSection(section: Section, partial: FetchPartial | undefined): PayloadPlan {
  const { columns, locate } = section.part.length === 0 ? ofMessage(section) : ofPart(section);
  if ('fields' in section) {
    const fieldsOf = headerFields(section.fields, section.text === 'HEADER.FIELDS.NOT');
    const select = (header: string): string => {
      const selected = fieldsOf(header);
      if (partial === undefined) return selected;
      const { start, end } = cutRange({ start: 0, end: selected.length }, partial);
      return selected.slice(start, end);
    };
    return { columns, payload: (content) => ofHeader(content, locate(content), select) };
  }
  return {
    columns,
    payload: (content) => {
      const range = locate(content);
      return range && content.payload(cutRange(range, partial));
    },
  };
}

/** Fields of a header, which is read first if it did not come with the row. */
function ofHeader(
  content: MessageContent,
  range: ByteRange | undefined,
  select: (header: string) => string,
): Payload | Promise<Payload> {
  if (range === undefined) return undefined;
  const header = content.atHand(range);
  if (header !== undefined) return select(header);
  return Array.fromAsync(content.read(range)).then((pieces) =>
    select(Buffer.concat(pieces).toString('latin1')),
  );
}

function ofMessage({ text }: Section): { columns: EntryColumns; locate: Locate } {
  switch (text) {
    case undefined:
    case 'MIME':
      return { columns: WHOLE, locate: ({ entry }) => ({ start: 0, end: entry.sizeBytes }) };
    case 'TEXT':
      return {
        columns: BODY,
        locate: ({ entry }) => ({ start: entry.headBytes, end: entry.sizeBytes }),
      };
    default:
      return { columns: HEAD, locate: ({ entry }) => ({ start: 0, end: entry.headBytes }) };
  }
}

/** A numbered part: MIME is the part's own header, HEADER and TEXT are those of the message that it embeds. */
function ofPart({ part: path, text }: Section): { columns: EntryColumns; locate: Locate } {
  const partOf = ({ structure }: MessageContent): Part | undefined => findPart(structure, path);
  const messageOf = (content: MessageContent): Part | undefined => {
    const part = partOf(content);
    return part && embeddedMessage(part);
  };
  switch (text) {
    case undefined:
      return { columns: IN_PARTS, locate: (content) => bodyOf(partOf(content)) };
    case 'TEXT':
      return { columns: IN_PARTS, locate: (content) => bodyOf(messageOf(content)) };
    case 'MIME':
      return { columns: IN_PARTS, locate: (content) => headOf(partOf(content)) };
    default:
      return { columns: IN_PARTS, locate: (content) => headOf(messageOf(content)) };
  }
}

function bodyOf(part: Part | undefined): ByteRange | undefined {
  return part && { start: part.bodyStart, end: part.bodyEnd };
}

function headOf(part: Part | undefined): ByteRange | undefined {
  return part && { start: part.headStart, end: part.bodyStart };
}
