import { parseDate, readHeader } from '#content';
import type { SearchKey } from '#wire';
import { Stage, type Verdict } from './candidate.ts';
import type { Condition } from './condition.ts';
import { DAY_MS } from './state-keys.ts';

/** The farthest from UTC that a zone can be written: +9999 is 99 hours and 99 minutes. */
const ZONE_MS_MAX = (99 * 60 + 99) * 60_000;
const ZONE_DAYS_MAX = 5;

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

/** Drops comments, so that no digit in one is taken for the day. Unbalanced parentheses stay. */
function withoutComments(value: string): string {
  let text = value.slice(0, 200);
  for (let before = ''; before !== text && text.includes('('); ) {
    before = text;
    text = text.replace(/\([^()]*\)/g, ' ');
  }
  return text;
}

/**
 * The calendar day that a Date field shows, in its own zone. The instant it names is at most a few days away from
 * that day, and the first number of every form of date is the day of the month: together they tell which one it is.
 *
 * @returns ms since 1970 of the day's start as if in UTC; undefined when the value is no date
 */
export function sentDay(value: string): number | undefined {
  const instantMs = parseDate(value);
  if (instantMs === undefined) return undefined;
  const written = Number(/\d{1,2}/.exec(withoutComments(value))?.[0]);
  const utcDay = dayOf(instantMs);
  for (let away = 0; away <= ZONE_DAYS_MAX; away++)
    for (const day of [utcDay + away * DAY_MS, utcDay - away * DAY_MS])
      if (new Date(day).getUTCDate() === written) return day;
  return utcDay;
}

/**
 * SENTBEFORE, SENTON and SENTSINCE look at the day as the Date field writes it, "disregarding time and timezone"
 * (RFC 9051 §6.4.4). The index knows the instant only. That settles it for messages farther from the day's limits
 * than any zone reaches; for the few near them the field itself is read. A message without a date is never found.
 */
export function sentDateKey({ op, dayMs }: Extract<SearchKey, { key: 'date' }>): Condition {
  const matches = (day: number): boolean =>
    op === 'before' ? day < dayMs : op === 'since' ? day >= dayMs : day === dayMs;
  /** The verdict when the earliest and the latest day that it can be agree. */
  const fromInstant = (sentMs: number): Verdict => {
    const earliest = dayOf(sentMs - ZONE_MS_MAX);
    const latest = dayOf(sentMs + ZONE_MS_MAX);
    if (op === 'on') return dayMs < earliest || dayMs > latest ? false : undefined;
    const verdict = matches(earliest);
    return verdict === matches(latest) ? verdict : undefined;
  };
  return {
    stages: [Stage.Index, Stage.Head],
    test: ({ entry, head, stage }) => {
      if (entry === undefined || stage < Stage.Index) return undefined;
      if (entry.sentAtMs === undefined) return false;
      if (head === undefined) return fromInstant(entry.sentAtMs);
      const day = sentDay(readHeader(head, 'date')[0] ?? '');
      return day !== undefined && matches(day);
    },
  };
}
