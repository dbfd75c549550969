import { UID_MAX, type Uid } from '#model';
import type { UidRanges } from '../commands.ts';

/** Numbers as an array of PostgreSQL. */
export function numberArray(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** Texts as an array of PostgreSQL. */
export function textArray(values: readonly (string | null)[]): string {
  const quoted = values.map((value) =>
    value === null ? 'NULL' : `"${textOf(value).replace(/["\\]/g, '\\$&')}"`,
  );
  return `{${quoted.join(',')}}`;
}

/** Bytes as an array of PostgreSQL. */
export function bytesArray(values: readonly (Uint8Array | null)[]): string {
  const quoted = values.map((value) => (value === null ? 'NULL' : `"\\\\x${hexOf(value)}"`));
  return `{${quoted.join(',')}}`;
}

/** A text as PostgreSQL can keep it: it has no NUL and no half of a surrogate pair. */
export function textOf(value: string): string {
  return value.replaceAll('\0', '\ufffd').toWellFormed();
}

/** A wire string, one byte in each char code, as bytes. */
export function wireBytes(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

function hexOf(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
}

/** Uid ranges as an int8multirange. */
export function rangesLiteral(ranges: UidRanges): string {
  return `{${ranges.map(([first, last]) => `[${first},${last}]`).join(',')}}`;
}

/** Ascending uids as an int8multirange. */
export function uidsLiteral(uids: readonly number[]): string {
  const ranges: string[] = [];
  for (let i = 0; i < uids.length; ) {
    const first = uids[i]!;
    let last = first;
    while (uids[++i] === last + 1) last++;
    ranges.push(`[${first},${last}]`);
  }
  return `{${ranges.join(',')}}`;
}

/** The uids of an int8multirange as PostgreSQL writes it, `{[1,4),[7,8)}`, ascending. */
export function uidsIn(multirange: string | null): Uid[] {
  const uids: Uid[] = [];
  if (multirange === null) return uids;
  for (const [, from, to] of multirange.matchAll(/\[(\d+),(\d+)\)/g))
    for (let uid = Number(from); uid < Number(to); uid++) uids.push(uid as Uid);
  return uids;
}

/** Every uid there can be. */
export const ALL_UIDS: UidRanges = [[1 as Uid, UID_MAX as Uid]];
