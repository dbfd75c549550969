import * as c from './chars.ts';
import type { Cursor } from './parser.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH_OF: ReadonlyMap<string, number> = new Map(
  MONTHS.map((name, index) => [name.toUpperCase(), index]),
);
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Milliseconds since 1970 of a calendar day in UTC, or undefined when there is no such day. */
function dayOf(year: number, month: number, day: number): number | undefined {
  // Date.UTC takes the years 0-99 for 1900-1999; adding a whole calendar cycle (400 years) and taking it off avoids that.
  const shifted = Date.UTC(year + 400, month, day);
  const date = new Date(shifted);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  return shifted - 146_097 * DAY_MS;
}

/**
 * ```abnf
 * date-day-month-year = date-day "-" date-month "-" date-year
 * ```
 *
 * @returns milliseconds since 1970 of the day's start in UTC; undefined when it is no such date
 */
function parseDay(day: string, month: string, year: string): number | undefined {
  const monthIndex = MONTH_OF.get(month.toUpperCase());
  return monthIndex === undefined ? undefined : dayOf(Number(year), monthIndex, Number(day));
}

/**
 * Reads a `date`, without its quotes.
 *
 * ```abnf
 * date      = date-text / DQUOTE date-text DQUOTE
 * date-text = date-day "-" date-month "-" date-year
 * date-day  = 1*2DIGIT
 * date-year = 4DIGIT
 * ```
 *
 * @returns milliseconds since 1970 of the day's start in UTC; undefined when it is no date
 */
export function parseDate(text: string): number | undefined {
  const match = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/.exec(text);
  return match === null ? undefined : parseDay(match[1]!, match[2]!, match[3]!);
}

/**
 * Reads a `date-time`, without its quotes.
 *
 * ```abnf
 * date-time      = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
 * date-day-fixed = (SP DIGIT) / 2DIGIT
 * time           = 2DIGIT ":" 2DIGIT ":" 2DIGIT
 * zone           = ("+" / "-") 4DIGIT
 * ```
 * A leap second counts as the second after it.
 *
 * @returns milliseconds since 1970; undefined when it is no date-time
 */
export function parseDateTime(text: string): number | undefined {
  const match =
    /^( \d|\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(text);
  if (match === null) return undefined;
  const midnight = parseDay(match[1]!, match[2]!, match[3]!);
  const [hour, minute, second, zoneHour, zoneMinute] = [4, 5, 6, 8, 9].map((i) => Number(match[i]));
  if (midnight === undefined || hour! > 23 || minute! > 59 || second! > 60 || zoneMinute! > 59)
    return undefined;
  const zone = (zoneHour! * 60 + zoneMinute!) * (match[7] === '-' ? -1 : 1);
  return midnight + ((hour! * 60 + minute! - zone) * 60 + second!) * 1000;
}

/** A `date` at the cursor, quoted or not: milliseconds since 1970 of the day's start in UTC. */
export function readDate(cursor: Cursor): number {
  const start = cursor.pos;
  const date = parseDate(cursor.astringBytes('a date such as 1-Feb-2026').toString('latin1'));
  if (date !== undefined) return date;
  cursor.pos = start;
  return cursor.fail('a date such as 1-Feb-2026');
}

/** A `date-time` at the cursor: milliseconds since 1970. */
export function readDateTime(cursor: Cursor): number {
  const start = cursor.pos;
  const expected = 'a date-time such as "01-Feb-2026 09:30:00 +0100"';
  if (cursor.next !== c.DQUOTE) return cursor.fail(expected);
  const time = parseDateTime(cursor.stringBytes(expected).toString('latin1'));
  if (time !== undefined) return time;
  cursor.pos = start;
  return cursor.fail(expected);
}

const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`);

function formatDayMonthYear(date: Date, day: string): string {
  return `${day}-${MONTHS[date.getUTCMonth()]}-${String(date.getUTCFullYear()).padStart(4, '0')}`;
}

/**
 * Writes a time as `date-time` with its quotes, milliseconds cut off. The grammar has four digits
 * for the year: times outside the years 0-9999 are brought to the nearest that it can say.
 *
 * @param epochMs milliseconds since 1970
 * @param zoneMinutes offset of the zone it is shown in, east of Greenwich positive
 */
export function formatDateTime(epochMs: number, zoneMinutes = 0): string {
  const shown = Math.min(
    Math.max(epochMs + zoneMinutes * MINUTE_MS, -62_167_219_200_000),
    253_402_300_799_999,
  );
  const date = new Date(shown);
  const day = formatDayMonthYear(date, String(date.getUTCDate()).padStart(2));
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const zone = Math.abs(zoneMinutes);
  const offset = `${zoneMinutes < 0 ? '-' : '+'}${two(Math.floor(zone / 60))}${two(zone % 60)}`;
  return `"${day} ${time} ${offset}"`;
}

/** Writes the day of a time in UTC as `date`, as a client's SEARCH has it. */
export function formatDate(epochMs: number): string {
  const date = new Date(epochMs);
  return formatDayMonthYear(date, String(date.getUTCDate()));
}
