import * as c from './chars.ts';
import { encodeAstring, encodeMailbox, wireOf } from './encode.ts';
import { readMailbox } from './mailbox.ts';
import type { Cursor } from './parser.ts';

const RESOURCES_MAX = 16;

export interface GetQuotaCommand {
  readonly name: 'GETQUOTA';
  readonly root: string;
}

export interface GetQuotaRootCommand {
  readonly name: 'GETQUOTAROOT';
  readonly mailbox: string;
}

export interface SetQuotaCommand {
  readonly name: 'SETQUOTA';
  readonly root: string;
  /** Resource names in upper case, known or not; each once. */
  readonly limits: ReadonlyMap<string, number>;
}

/** What is used of a resource, and how much of it there may be. STORAGE counts units of 1024 octets (RFC 9208 §5.1). */
export interface QuotaResource {
  /** Upper case. */
  readonly name: string;
  readonly usage: number;
  readonly limit: number;
}

/** What a QUOTA response says. */
export interface QuotaData {
  readonly root: string;
  readonly resources: readonly QuotaResource[];
}

/** What a QUOTAROOT response says. */
export interface QuotaRootData {
  readonly mailbox: string;
  readonly roots: readonly string[];
}

/** `getquota = "GETQUOTA" SP quota-root-name` (RFC 9208 §4.1.1). The cursor stands after "GETQUOTA". */
export function readGetQuota(cursor: Cursor): GetQuotaCommand {
  cursor.space('the name of a quota root');
  return { name: 'GETQUOTA', root: cursor.astring('the name of a quota root') };
}

/** `getquotaroot = "GETQUOTAROOT" SP mailbox` (RFC 9208 §4.1.2). The cursor stands after "GETQUOTAROOT". */
export function readGetQuotaRoot(cursor: Cursor): GetQuotaRootCommand {
  cursor.space('a mailbox name');
  return { name: 'GETQUOTAROOT', mailbox: readMailbox(cursor) };
}

/**
 * ```abnf
 * setquota          = "SETQUOTA" SP quota-root-name SP setquota-list
 * setquota-list     = "(" [setquota-resource *(SP setquota-resource)] ")"
 * setquota-resource = resource-name SP resource-limit
 * resource-limit    = number64
 * ```
 * RFC 9208 §4.1.3. The cursor stands after "SETQUOTA".
 */
export function readSetQuota(cursor: Cursor): SetQuotaCommand {
  cursor.space('the name of a quota root');
  const root = cursor.astring('the name of a quota root');
  cursor.space('a list of resources and limits');
  const limits = new Map<string, number>();
  const readLimit = (): void => {
    const name = cursor.keyword('a resource such as STORAGE');
    if (limits.has(name)) cursor.reject('a resource is named twice');
    cursor.space('a limit');
    limits.set(name, cursor.number64('a limit'));
  };
  cursor.list('resources and limits', RESOURCES_MAX, readLimit, true);
  return { name: 'SETQUOTA', root, limits };
}

/**
 * ```abnf
 * quota-response = "QUOTA" SP quota-root-name SP quota-list
 * quota-list     = "(" quota-resource *(SP quota-resource) ")"
 * quota-resource = resource-name SP resource-usage SP resource-limit
 * ```
 * RFC 9208 §4.2.1.
 */
export function encodeQuota({ root, resources }: QuotaData, utf8: boolean): string {
  const list = resources.map(({ name, usage, limit }) => `${name} ${usage} ${limit}`).join(' ');
  return `* QUOTA ${encodeAstring(wireOf(root), utf8)} (${list})\r\n`;
}

/** `quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name)` (RFC 9208 §4.2.2). */
export function encodeQuotaRoot({ mailbox, roots }: QuotaRootData, utf8: boolean): string {
  const names = roots.map((root) => ` ${encodeAstring(wireOf(root), utf8)}`).join('');
  return `* QUOTAROOT ${encodeMailbox(mailbox, utf8)}${names}\r\n`;
}

/** What follows "QUOTA" in a response; the list may be empty, as RFC 2087 §5.1 had it. */
export function readQuotaData(cursor: Cursor): QuotaData {
  cursor.space('the name of a quota root');
  const root = cursor.astring('the name of a quota root');
  cursor.space('a list of resources');
  const readResource = (): QuotaResource => {
    const name = cursor.keyword('a resource');
    cursor.space('what is used');
    const usage = cursor.number64('what is used');
    cursor.space('a limit');
    return { name, usage, limit: cursor.number64('a limit') };
  };
  return { root, resources: cursor.list('resources', RESOURCES_MAX, readResource, true) };
}

/** What follows "QUOTAROOT" in a response. */
export function readQuotaRootData(cursor: Cursor): QuotaRootData {
  cursor.space('a mailbox name');
  const mailbox = readMailbox(cursor);
  const roots: string[] = [];
  while (cursor.skip(c.SP) && !cursor.atEnd) roots.push(cursor.astring('the name of a quota root'));
  return { mailbox, roots };
}
