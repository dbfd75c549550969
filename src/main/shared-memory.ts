import { SharedCounts, SharedPace } from '#kernel';

/** What all front threads count in: who is connected, and who did what too often lately. */
export interface SharedMemory {
  readonly counts: SharedArrayBuffer;
  readonly pace: SharedArrayBuffer;
  readonly known: SharedArrayBuffer;
}

/** The memory of so many front threads. */
export function shareMemory(threads: number): SharedMemory {
  return {
    counts: SharedCounts.memory(threads),
    pace: SharedPace.memory(),
    known: SharedPace.memory(),
  };
}
