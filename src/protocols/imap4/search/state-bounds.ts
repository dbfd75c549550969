import type { StateBounds } from '#store';
import type { SearchKey } from '#wire';
import { DAY_MS, FLAG_OF } from './state-keys.ts';

/** Every message. */
const ANY: StateBounds = {
  among: 0,
  flags: 0,
  fromMs: Number.MIN_SAFE_INTEGER,
  beforeMs: Number.MAX_SAFE_INTEGER,
};

/** Messages outside of these flags and internal dates cannot match, whatever is in them; undefined where all may. */
export function stateBounds(key: SearchKey, nowMs: number): StateBounds | undefined {
  const bounds = boundsOf(key, nowMs);
  const isAny = (Object.keys(ANY) as (keyof StateBounds)[]).every(
    (name) => bounds[name] === ANY[name],
  );
  return isAny ? undefined : bounds;
}

function boundsOf(key: SearchKey, nowMs: number): StateBounds {
  switch (key.key) {
    case 'and':
      return key.keys.map((operand) => boundsOf(operand, nowMs)).reduce(both, ANY);
    case 'or':
      return key.keys.map((operand) => boundsOf(operand, nowMs)).reduce(either);
    case 'flag': {
      if (!key.flag.startsWith('\\')) return ANY;
      const among = FLAG_OF[key.flag as keyof typeof FLAG_OF];
      return { ...ANY, among, flags: key.set ? among : 0 };
    }
    case 'date': {
      if (key.time !== 'internal') return ANY;
      const { op, dayMs } = key;
      const fromMs = op === 'before' ? ANY.fromMs : dayMs;
      const beforeMs = op === 'before' ? dayMs : op === 'on' ? dayMs + DAY_MS : ANY.beforeMs;
      return { ...ANY, fromMs, beforeMs };
    }
    case 'older':
      return { ...ANY, beforeMs: nowMs - key.ageSeconds * 1000 };
    case 'younger':
      return { ...ANY, fromMs: nowMs - key.ageSeconds * 1000 };
    default:
      return ANY;
  }
}

/** Within both. Where they contradict each other about a flag, either may be taken: nothing matches. */
function both(a: StateBounds, b: StateBounds): StateBounds {
  return {
    among: a.among | b.among,
    flags: a.flags | (b.flags & ~a.among),
    fromMs: Math.max(a.fromMs, b.fromMs),
    beforeMs: Math.min(a.beforeMs, b.beforeMs),
  };
}

/** Within one of them, and perhaps a little beyond. */
function either(a: StateBounds, b: StateBounds): StateBounds {
  const among = a.among & b.among & ~(a.flags ^ b.flags);
  return {
    among,
    flags: a.flags & among,
    fromMs: Math.min(a.fromMs, b.fromMs),
    beforeMs: Math.max(a.beforeMs, b.beforeMs),
  };
}
