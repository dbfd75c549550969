import type { ErrorCode } from '#kernel';
import type { HttpAnswer } from './exchange.ts';
import { parseXml, textOf } from './xml.ts';

/** Why a request did not do what it was for. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  /** Whether the same request may fare better later. */
  readonly passing: boolean;
  /** How long the store asks to be left alone. */
  readonly retryAfterMs?: number;
  /** S3's own code, such as NoSuchKey; empty when there is none. */
  readonly reason: string;
  readonly cause?: unknown;
}

const PASSING_STATUS = [408, 429, 500, 502, 503, 504];

/** Codes that pass whatever the status: what arrived was not what was sent, or the store was not ready for it. */
const PASSING_REASON = [
  'BadDigest',
  'IncompleteBody',
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'XAmzContentSHA256Mismatch',
];

/**
 * No room left: status 507 (RFC 4918 §11.5), and what stores say with other ones when a quota is reached. No part is ever too
 * large in itself, so EntityTooLarge is a quota too (Swift says so).
 */
const FULL_REASON = [
  'EntityTooLarge',
  'QuotaExceeded',
  'XMinioAdminBucketQuotaExceeded',
  'XMinioStorageFull',
];

/** Tells what an answer that is not the expected one means. */
export function failureOf(answer: HttpAnswer, nowMs: number, refusedAs: ErrorCode): Failure {
  const { status, headers, body } = answer;
  const error = parseXml(body.toString());
  const reason = error?.name === 'Error' ? textOf(error, 'Code') : '';
  const said =
    error === undefined || reason === '' ? '' : ` ${reason}: ${textOf(error, 'Message')}`;
  const region = headers['x-amz-bucket-region'];
  const hint = typeof region === 'string' && status < 404 ? ` (the bucket is in ${region})` : '';
  const message = `status ${status}${said}${hint}`;
  if (status === 507 || FULL_REASON.includes(reason))
    return { code: 'disk-full', message, passing: false, reason };
  if (PASSING_STATUS.includes(status) || PASSING_REASON.includes(reason)) {
    const retryAfterMs = parseRetryAfter(headers['retry-after'], nowMs);
    const failure: Failure = { code: 'unavailable', message, passing: true, reason };
    return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs };
  }
  return { code: refusedAs, message, passing: false, reason };
}

/** `Retry-After = HTTP-date / delay-seconds` (RFC 9110 §10.2.3), in milliseconds from now. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  // Left to itself, Date.parse finds dates in nearly everything.
  const atMs = /^[A-Z][a-z]+, .* GMT$/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
