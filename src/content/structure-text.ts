/**
 * A structure as compact text, kept in the store so that BODY[1.2] needs no parsing: JSON arrays, trailing defaults
 * left out.
 */
import type { Disposition, Parameter } from './parameters.ts';
import type { Part } from './part.ts';

/** [headStart, bodyStart, bodyEnd, lines, media, params, encoding, children, disposition, id, description, …] */
type Row = readonly unknown[];

const FIELDS_MIN = 4;

function toRow(part: Part): Row {
  const { disposition } = part;
  const media = `${part.type}/${part.subtype}`;
  const row: unknown[] = [
    part.headStart,
    part.bodyStart,
    part.bodyEnd,
    part.lines,
    media === 'text/plain' ? null : media,
    part.params.length === 0 ? null : part.params.flat(),
    part.encoding === '7bit' ? null : part.encoding,
    part.children.length === 0 ? null : part.children.map(toRow),
    disposition === undefined ? null : [disposition.type, ...disposition.params.flat()],
    part.id ?? null,
    part.description ?? null,
    part.language ?? null,
    part.location ?? null,
    part.md5 ?? null,
    part.envelope ?? null,
  ];
  while (row.length > FIELDS_MIN && row.at(-1) === null) row.pop();
  return row;
}

/** Writes a structure. ASCII and Latin-1 characters only. */
export function encodeStructure(part: Part): string {
  return JSON.stringify(toRow(part));
}

function pairs(flat: readonly string[], from: number): readonly Parameter[] {
  const params: Parameter[] = [];
  for (let at = from; at + 1 < flat.length; at += 2) params.push([flat[at]!, flat[at + 1]!]);
  return params;
}

function readDisposition(flat: readonly string[] | null | undefined): Disposition | undefined {
  return flat ? { type: flat[0] ?? '', params: pairs(flat, 1) } : undefined;
}

function fromRow(row: Row): Part {
  const offsets = row.slice(0, FIELDS_MIN);
  if (offsets.length < FIELDS_MIN || !offsets.every(Number.isSafeInteger))
    throw new SyntaxError('a stored structure is damaged');
  const [headStart, bodyStart, bodyEnd, lines] = offsets as number[];
  const media = (row[4] as string | null | undefined) ?? 'text/plain';
  const slash = media.indexOf('/');
  const text = (index: number): string | undefined =>
    (row[index] as string | null | undefined) ?? undefined;
  return {
    headStart: headStart!,
    bodyStart: bodyStart!,
    bodyEnd: bodyEnd!,
    lines: lines!,
    type: media.slice(0, slash),
    subtype: media.slice(slash + 1),
    params: pairs((row[5] as readonly string[] | null | undefined) ?? [], 0),
    encoding: text(6) ?? '7bit',
    children: ((row[7] as readonly Row[] | null | undefined) ?? []).map(fromRow),
    disposition: readDisposition(row[8] as readonly string[] | null | undefined),
    id: text(9),
    description: text(10),
    language: (row[11] as readonly string[] | null | undefined) ?? undefined,
    location: text(12),
    md5: text(13),
    envelope: text(14),
  };
}

/**
 * Reads what {@link encodeStructure} wrote.
 * @throws SyntaxError when the text is none: the store is damaged
 */
export function decodeStructure(text: string): Part {
  const row: unknown = JSON.parse(text);
  if (!Array.isArray(row)) throw new SyntaxError('a stored structure is damaged');
  return fromRow(row);
}
