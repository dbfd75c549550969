/** Milliseconds of the machine's monotonic clock, which all processes share. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
