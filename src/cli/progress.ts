import type { Progress } from '#admin';
import { systemClock } from '#kernel';
import { bytesText, count, durationText } from './text.ts';

const BAR_CHARS = 24;
const DRAW_MS = 100;
const LINE_MS = 5000;

/** Shows on stderr how far a long verb has come: a bar on a terminal, else a line now and then. */
export class ProgressBar {
  readonly #label: string;
  readonly #startedMs = systemClock.now();
  /** When something was shown; short work without a terminal shows nothing. */
  #shownMs = process.stderr.isTTY ? Number.NEGATIVE_INFINITY : systemClock.now();
  #drawn = false;

  constructor(label: string) {
    this.#label = label;
  }

  readonly show = (progress: Progress): void => {
    const nowMs = systemClock.now();
    const complete = progress.done >= progress.total;
    if (process.stderr.isTTY) {
      if (!complete && nowMs - this.#shownMs < DRAW_MS) return;
      process.stderr.write(`\r\x1b[K${this.#bar(progress, nowMs)}`);
      this.#drawn = true;
    } else {
      if (nowMs - this.#shownMs < LINE_MS) return;
      process.stderr.write(`${this.#label}: ${this.#numbers(progress, nowMs)}\n`);
    }
    this.#shownMs = nowMs;
  };

  /** Leaves the last state standing and ends its line. */
  end(): void {
    if (this.#drawn) process.stderr.write('\n');
    this.#drawn = false;
  }

  #bar(progress: Progress, nowMs: number): string {
    const full = Math.round(shareOf(progress) * BAR_CHARS);
    const bar = '#'.repeat(full).padEnd(BAR_CHARS, '-');
    const line = `${this.#label} [${bar}] ${this.#numbers(progress, nowMs)}`;
    return line.slice(0, (process.stderr.columns ?? 80) - 1);
  }

  #numbers(progress: Progress, nowMs: number): string {
    const { done, total, unit, messages } = progress;
    const share = shareOf(progress);
    const parts = [`${Math.floor(share * 100)}%`];
    if (unit === 'bytes') parts.push(`${bytesText(done)} of ${bytesText(total)}`);
    else if (unit === 'messages') parts.push(`${count(done, 'message')} of ${total}`);
    else parts.push(`${count(done, 'content')} of ${total}`);
    if (progress.phase !== undefined) parts.push(progress.phase);
    if (messages > 0) parts.push(count(messages, 'message'));
    const passedMs = nowMs - this.#startedMs;
    if (share > 0.02 && share < 1)
      parts.push(`${durationText((passedMs / share) * (1 - share))} left`);
    return parts.join(', ');
  }
}

function shareOf({ done, total }: Progress): number {
  return total === 0 ? 1 : Math.min(1, done / total);
}
