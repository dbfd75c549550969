/** SEARCH said plainly, one message at a time and with all of it in memory: what the real one is compared with. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeHeader,
  foldForSearch,
  parseDate,
  parseMessage,
  readHeader,
  searchableHeader,
  searchableText,
} from '#content';
import { silentLogger, TestClock } from '#kernel';
import { Flag, type FolderId, INBOX_ID, type MailboxId, type SeqNum, type Uid } from '#model';
import type { Engine } from '#storage';
import { type Entry, type Mailbox, Store } from '#store';
import type { NumSet, SearchKey } from '#wire';
import { openIn } from '../../../storage/fresh.conformance.ts';
import type { SearchScope } from './scope.ts';

const DAY_MS = 86_400_000;
export const NOW_MS = Date.UTC(2026, 1, 10);

/** A message of a test folder. */
export interface Sample {
  readonly bytes: Buffer;
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly internalMs: number;
}

/** A message as the model sees it. */
export interface Modelled extends Sample {
  readonly seq: number;
  readonly entry: Entry;
  readonly recent: boolean;
}

export interface TestFolder extends AsyncDisposable {
  readonly mailbox: Mailbox;
  readonly folderId: FolderId;
  readonly messages: readonly Modelled[];
  scope(changes?: Partial<SearchScope>): SearchScope;
}

const isRecent = (uid: Uid): boolean => uid % 3 === 0;

/** Puts samples into a new database, each saved an hour after the one before; every fifth is expunged again. */
export async function openTestFolder(samples: readonly Sample[]): Promise<TestFolder> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-search-'));
  const clock = new TestClock(NOW_MS - samples.length * 3_600_000);
  const engine = await openIn(dir, clock);
  const mailboxId = await addMailbox(engine);
  const store = new Store(engine, silentLogger);
  const mailbox = store.openMailbox(mailboxId, 'test');
  const kept: Sample[] = [];
  for (const [index, sample] of samples.entries()) {
    await using incoming = store.incoming();
    for (let at = 0; at < sample.bytes.length; at += 50_000)
      await incoming.write(sample.bytes.subarray(at, at + 50_000));
    const content = await incoming.finish();
    const { entries } = await mailbox.append(INBOX_ID, [{ ...sample, content }]);
    const { uid } = entries[0]!;
    if (index % 5 === 4)
      await mailbox.expunge({ folderId: INBOX_ID, uids: [[uid, uid]], onlyDeleted: false });
    else kept.push(sample);
    clock.advance(3_600_000);
  }
  const { uids } = (await mailbox.openFolder(INBOX_ID))!;
  const entries = await mailbox.entries({
    folderId: INBOX_ID,
    uids: [[1 as Uid, 0xffff_ffff as Uid]],
    columns: {},
    limit: samples.length,
  });
  return {
    mailbox,
    folderId: INBOX_ID,
    messages: kept.map((sample, index) => ({
      ...sample,
      seq: index + 1,
      entry: entries[index]!,
      recent: isRecent(entries[index]!.uid),
    })),
    scope: (changes = {}) => ({
      mailbox,
      folderId: INBOX_ID,
      uids: [...uids] as Uid[],
      saved: [],
      nowMs: NOW_MS,
      isRecent,
      isGone: () => false,
      checkPeer: () => {},
      ...changes,
    }),
    [Symbol.asyncDispose]: async () => {
      store[Symbol.dispose]();
      await engine[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true });
    },
  };
}

async function addMailbox(engine: Engine): Promise<MailboxId> {
  await engine.execute<'add-domain'>('test', { kind: 'add-domain', domain: 'example.org' });
  const { mailboxId } = await engine.execute<'add-mailbox'>('test', {
    kind: 'add-mailbox',
    address: 'a@example.org',
    verifiers: undefined,
    quotaBytes: undefined,
    folders: [],
    nowMs: NOW_MS,
  });
  return mailboxId;
}

/** The sequence numbers that match a key. */
export function modelSearch(
  key: SearchKey,
  messages: readonly Modelled[],
  saved: ReadonlySet<number> = new Set(),
): number[] {
  const folder: ModelFolder = { messages, saved };
  return messages.filter((message) => matches(key, message, folder)).map(({ seq }) => seq);
}

interface ModelFolder {
  readonly messages: readonly Modelled[];
  readonly saved: ReadonlySet<number>;
}

const FLAGS: Readonly<Record<string, number>> = {
  '\\Seen': Flag.Seen,
  '\\Answered': Flag.Answered,
  '\\Flagged': Flag.Flagged,
  '\\Deleted': Flag.Deleted,
  '\\Draft': Flag.Draft,
};

function matches(key: SearchKey, message: Modelled, folder: ModelFolder): boolean {
  const { entry, bytes } = message;
  switch (key.key) {
    case 'all':
    case 'save-date-supported':
      return true;
    case 'and':
      return key.keys.every((operand) => matches(operand, message, folder));
    case 'or':
      return key.keys.some((operand) => matches(operand, message, folder));
    case 'not':
      return !matches(key.of, message, folder);
    case 'flag':
      return hasFlag(key.flag, message) === key.set;
    case 'recent':
      return message.recent === key.set;
    case 'seqs':
      return inSet(key.set, message.seq, folder.messages.length, folder.saved.has(entry.uid));
    case 'uids': {
      const max = folder.messages.at(-1)?.entry.uid ?? 0;
      return inSet(key.set, entry.uid, max, folder.saved.has(entry.uid));
    }
    case 'field': {
      const values = readHeader(headOf(bytes), key.field);
      return contains(key.field === 'SUBJECT' ? values.slice(0, 1) : values, key.text);
    }
    case 'header':
      return contains(readHeader(headOf(bytes), key.name), key.text);
    case 'body':
    case 'text':
      return hasText(bytes, key.text, key.key === 'text');
    case 'date':
      return dateMatches(key, message);
    case 'larger':
      return bytes.length > key.sizeBytes;
    case 'smaller':
      return bytes.length < key.sizeBytes;
    case 'older':
      return message.internalMs < NOW_MS - key.ageSeconds * 1000;
    case 'younger':
      return message.internalMs >= NOW_MS - key.ageSeconds * 1000;
    case 'modseq':
      return entry.modSeq >= key.modSeq;
    case 'email-id':
      return emailId(bytes) === key.id;
    case 'thread-id':
      return false;
  }
}

/** EMAILID of a message, from its bytes. */
export function emailId(bytes: Uint8Array): string {
  return `M${createHash('sha256').update(bytes).digest().subarray(0, 15).toString('base64url')}`;
}

function hasFlag(flag: string, { flags, keywords }: Sample): boolean {
  const bit = FLAGS[flag];
  if (bit !== undefined) return (flags & bit) !== 0;
  return keywords.some((keyword) => keyword.toLowerCase() === flag.toLowerCase());
}

function inSet(set: NumSet<SeqNum | Uid>, n: number, max: number, isSaved: boolean): boolean {
  if (set.saved && isSaved) return true;
  return set.ranges.some(({ first, last }) => {
    const [a, b] = [Math.min(first, max), Math.min(last, max)];
    const [from, to] = [first === Infinity ? max : first, last === Infinity ? max : last];
    if (from > max && to > max) return false;
    return (a <= n && n <= b) || (b <= n && n <= a);
  });
}

function headOf(bytes: Buffer): Buffer {
  return bytes.subarray(0, parseMessage(bytes).headBytes);
}

function contains(values: readonly string[], text: string): boolean {
  const needle = foldForSearch(text);
  return values.some((value) => foldForSearch(decodeHeader(value)).includes(needle));
}

function hasText(bytes: Buffer, text: string, withHeaders: boolean): boolean {
  const needle = foldForSearch(text);
  if (needle === '') return true;
  const { structure, headBytes } = parseMessage(bytes);
  const read = (start: number, end: number): Buffer => bytes.subarray(start, end);
  const texts = [...searchableText(structure, read, withHeaders)];
  if (withHeaders) texts.push(searchableHeader(bytes.subarray(0, headBytes)));
  return texts.some((piece) => foldForSearch(piece).includes(needle));
}

function dateMatches(
  { time, op, dayMs }: Extract<SearchKey, { key: 'date' }>,
  { entry, internalMs, bytes }: Modelled,
): boolean {
  const day =
    time === 'internal'
      ? Math.floor(internalMs / DAY_MS) * DAY_MS
      : time === 'saved'
        ? Math.floor(entry.savedMs / DAY_MS) * DAY_MS
        : writtenDay(readHeader(headOf(bytes), 'date')[0]);
  if (day === undefined) return false;
  return op === 'before' ? day < dayMs : op === 'on' ? day === dayMs : day >= dayMs;
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** The day in a date of the usual form, read off its words. */
function writtenDay(value: string | undefined): number | undefined {
  if (value === undefined || parseDate(value) === undefined) return undefined;
  const words = /(\d{1,2})[ -]+([A-Za-z]{3})[a-z]*[ -]+(\d{2,4})/.exec(value);
  const asctime = /([A-Za-z]{3}) +(\d{1,2}) [\d:]+ (?:\S+ )?(\d{4})/.exec(value);
  const [day, month, year] =
    words !== null ? [words[1], words[2], words[3]] : [asctime?.[2], asctime?.[1], asctime?.[3]];
  const index = MONTHS.toLowerCase().indexOf((month ?? '').toLowerCase()) / 3;
  const full = year!.length === 2 ? (Number(year) < 50 ? 2000 : 1900) + Number(year) : Number(year);
  return Date.UTC(full, index, Number(day));
}
