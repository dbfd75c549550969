import { parseDate } from '#content';

/** A From_ line longer than this is text. */
export const FROM_LINE_BYTES_MAX = 1000;

const DAY_THEN_REST = /\s(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*[, ].*$/is;

/**
 * from_ = "From " addr-spec SP timestamp ;  timestamp as C's asctime writes it, in UTC   (RFC 4155, appendix A)
 * In the wild the sender may be anything and a zone may follow; what tells a separator from text is the date.
 * @param line a wire string without its line end
 * @returns when the message was received, ms since 1970; undefined when the line is no separator
 */
export function fromLineDate(line: string): number | undefined {
  if (!line.startsWith('From ')) return undefined;
  const date = DAY_THEN_REST.exec(line.slice(4))?.[0];
  return date === undefined ? undefined : parseDate(date.trim().replace(/ DST\b/, ''));
}
