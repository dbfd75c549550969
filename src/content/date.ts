/** Dates of the message format, read and written. */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH_NAMES = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
];
const DAY_NAMES = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MINUTE_MS = 60_000;

/** Named zones in minutes, RFC 5322 §4.3; UTC is not there, but everywhere. Other names count as zero, as it says. */
const ZONES: Readonly<Record<string, number>> = {
  edt: -240,
  est: -300,
  cdt: -300,
  cst: -360,
  mdt: -360,
  mst: -420,
  pdt: -420,
  pst: -480,
};

/** [day-of-week ","] day month year hour ":" minute [":" second] zone, with the obsolete forms: RFC 5322 §3.3, §4.3. */
const DATE_TIME = new RegExp(
  [
    /^\s*(?:[a-z]+\.?\s*,?\s*)?/,
    /(\d{1,2})[\s-]+([a-z]{3})[a-z]*[.,\s-]+(\d{2,5})(?!\d)/,
    /(?:[\s,]+(\d{1,2})\s*[:.]\s*(\d{1,2})(?:\s*[:.]\s*(\d{1,2}))?(?:\.\d+)?)?/,
    /\s*([+-]\d{1,2}:?\d{2}|[+-]\d{1,3}|[a-z]+)?/,
  ]
    .map((piece) => piece.source)
    .join(''),
  'i',
);
/** What C's asctime writes, with or without a zone: not of the standard, but in mail. */
const ASCTIME =
  /^\s*[a-z]{3,9},?\s+([a-z]{3})[a-z]*\s+(\d{1,2})()\s+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?\s+(?:([+-]\d{4}|[a-z]+)\s+)?(\d{4})(?:\s+([+-]\d{4}))?/i;

/** Drops comments, nested ones too. */
function withoutComments(value: string): string {
  if (!value.includes('(')) return value;
  let out = '';
  let depth = 0;
  for (let at = 0; at < value.length; at++) {
    const char = value[at]!;
    if (char === '(') depth++;
    else if (char === ')' && depth > 0) depth--;
    else if (depth > 0 && char === '\\') at++;
    else if (depth === 0) out += char;
  }
  return out;
}

function zoneMinutes(zone: string | undefined): number {
  if (zone === undefined) return 0;
  if (zone[0] !== '+' && zone[0] !== '-') return ZONES[zone.toLowerCase()] ?? 0;
  const digits = Number(zone.slice(1).replace(':', ''));
  const minutes = zone.length <= 3 ? digits * 60 : Math.trunc(digits / 100) * 60 + (digits % 100);
  return zone[0] === '-' ? -minutes : minutes;
}

/** obs-year: two digits below 50 are 20xx, others 19xx; three digits count from 1900. RFC 5322 §4.3. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits.length === 3 ? 1900 + year : year;
}

interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly zone: string | undefined;
}

/** No time, or one that no clock shows, is midnight (RFC 5256 §2.2). */
function timeOf(
  ...digits: readonly (string | undefined)[]
): Pick<Fields, 'hour' | 'minute' | 'second'> {
  const [hour = 0, minute = 0, second = 0] = digits.map((text) => Number(text ?? 0));
  const isTime = hour <= 24 && minute <= 59 && second <= 60;
  return isTime ? { hour, minute, second } : { hour: 0, minute: 0, second: 0 };
}

function readFields(text: string): Fields | undefined {
  const standard = DATE_TIME.exec(text);
  const found = standard ?? ASCTIME.exec(text);
  if (found === null) return undefined;
  const isStandard = standard !== null;
  const month = found[isStandard ? 2 : 1]!.toLowerCase();
  return {
    year: isStandard ? fullYear(found[3]!) : Number(found[8]),
    month: MONTHS.indexOf(month),
    day: Number(found[isStandard ? 1 : 2]),
    ...timeOf(found[4], found[5], found[6]),
    zone: isStandard ? found[7] : (found[9] ?? found[7]),
  };
}

/**
 * Reads a Date: value, obsolete forms and comments included. RFC 5322 §3.3, §4.3.
 * @returns milliseconds since 1970, or undefined when it is no date
 */
export function parseDate(value: string): number | undefined {
  const fields = readFields(withoutComments(value.length > 200 ? value.slice(0, 200) : value));
  if (fields === undefined) return undefined;
  const { year, month, day, hour, minute, second } = fields;
  if (month < 0 || day < 1 || day > 31) return undefined;
  if (year < 1900 || year > 9999) return undefined;
  const utcMs = Date.UTC(year, month, day, hour, minute, second);
  return utcMs - zoneMinutes(fields.zone) * MINUTE_MS;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/**
 * Writes a date-time of RFC 5322 §3.3: `Sat, 24 Mar 2007 23:00:00 +0200`.
 * @param ms milliseconds since 1970
 * @param offsetMinutes the zone to show, minutes east of UTC
 */
export function formatDate(ms: number, offsetMinutes = 0): string {
  const local = new Date(ms + offsetMinutes * MINUTE_MS);
  const east = Math.abs(offsetMinutes);
  const zone = `${offsetMinutes < 0 ? '-' : '+'}${two(Math.trunc(east / 60))}${two(east % 60)}`;
  const day = `${DAY_NAMES[local.getUTCDay()]}, ${two(local.getUTCDate())} ${MONTH_NAMES[local.getUTCMonth()]}`;
  const year = `${local.getUTCFullYear()}`.padStart(4, '0');
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
  return `${day} ${year} ${time} ${zone}`;
}
