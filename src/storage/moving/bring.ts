import { createHash } from 'node:crypto';
import { isPosthornError, PosthornError } from '#kernel';
import type { MailboxId } from '#model';
import type { Blobs, BlobWriter } from '../blobs/port.ts';
import type { MovedContent, MovedEntry, Position } from './port.ts';
import type { Work } from './work.ts';

/** Contents that travel together: so much may be in memory a few times over. */
const GROUP_BYTES = 2 * 1024 * 1024;
const GROUP_MAX = 1000;
const BLOB_BYTES_AT_ONCE = 1024 * 1024;

/**
 * Brings entries with their contents into the target. An entry whose content has gone meanwhile is gone too: the change log says so, and
 * it is left out.
 * @throws {corrupt} when a content of the source does not have its checksum
 */
export async function bring(
  work: Work,
  mailboxId: MailboxId,
  entries: readonly MovedEntry[],
  reached: Position | undefined,
): Promise<void> {
  const sizes = new Map(entries.map(({ contentId, sizeBytes }) => [contentId, sizeBytes]));
  const absent = new Set(await work.target.missingContents(mailboxId, [...sizes.keys()]));
  const groups = groupsOf([...absent], sizes);
  let next = readGroup(work, mailboxId, groups[0]);
  for (let nth = 0; nth < groups.length; nth++) {
    work.checkpoint();
    const contents = await next;
    // The next group is read while this one is written.
    next = readGroup(work, mailboxId, groups[nth + 1]);
    for (const { contentId } of contents) absent.delete(contentId);
    if (contents.length > 0) await work.target.putContents(mailboxId, contents);
  }
  const whole = entries.filter(({ contentId }) => !absent.has(contentId));
  await work.target.putEntries(mailboxId, whole, reached);
}

function groupsOf(
  ids: readonly number[],
  sizes: ReadonlyMap<number, number>,
): readonly (readonly number[])[] {
  const groups: number[][] = [];
  let bytes = 0;
  for (const id of ids) {
    bytes += sizes.get(id)!;
    const group = groups.at(-1);
    if (group !== undefined && bytes <= GROUP_BYTES && group.length < GROUP_MAX) group.push(id);
    else {
      groups.push([id]);
      bytes = sizes.get(id)!;
    }
  }
  return groups;
}

/** Reads contents, compares them with their checksums, and copies their blobs. */
function readGroup(
  work: Work,
  mailboxId: MailboxId,
  ids: readonly number[] | undefined,
): Promise<readonly MovedContent[]> {
  const reading = readContents(work, mailboxId, ids ?? []);
  // Whoever waits for it hears of a failure; when writing failed before, nobody does.
  reading.catch(() => {});
  return reading;
}

async function readContents(
  work: Work,
  mailboxId: MailboxId,
  ids: readonly number[],
): Promise<readonly MovedContent[]> {
  if (ids.length === 0) return [];
  const contents: MovedContent[] = [];
  for (const content of await work.source.contents(mailboxId, ids)) {
    const outcome =
      content.blob === null ? inlineIsWhole(content) : await copyBlob(work, mailboxId, content);
    if (outcome === 'gone') continue;
    if (outcome === 'damaged')
      throw new PosthornError(
        'corrupt',
        `mailbox ${mailboxId} content ${content.contentId} of ${work.source.shown} does not have its checksum: ` +
          '"posthorn check" says which messages are damaged; remove them and go on',
      );
    contents.push(content);
  }
  return contents;
}

type Outcome = 'whole' | 'damaged' | 'gone';

function inlineIsWhole({ head, body, hash }: MovedContent): Outcome {
  const digest = createHash('sha256').update(head);
  if (body !== null) digest.update(body);
  return digest.digest().equals(hash) ? 'whole' : 'damaged';
}

/** Copies a content's blob under its name, unless it is there. Gone is one whose content has gone too. */
async function copyBlob(work: Work, mailboxId: MailboxId, content: MovedContent): Promise<Outcome> {
  const { source, target } = work;
  const { contentId, sizeBytes, headBytes } = content;
  const blob = content.blob!;
  const bytes = sizeBytes - headBytes;
  if ((await target.blobs.size(blob)) === bytes) {
    // One that both sides share is not moved at all.
    if (source.blobs === target.blobs) return 'whole';
    if (await carry(work, target.blobs, content, undefined)) return 'whole';
  }
  try {
    await using writer = await target.blobs.create(blob);
    if (!(await carry(work, source.blobs, content, writer))) return 'damaged';
    await writer.finish();
    return 'whole';
  } catch (error) {
    if (!isPosthornError(error, 'corrupt')) throw error;
    if ((await source.contents(mailboxId, [contentId])).length > 0) throw error;
    return 'gone';
  }
}

/** Reads a blob from end to end and writes it where it goes. Whether its content has its checksum. */
async function carry(
  work: Work,
  from: Blobs,
  { blob, head, hash, sizeBytes, headBytes }: MovedContent,
  writer: BlobWriter | undefined,
): Promise<boolean> {
  const digest = createHash('sha256').update(head);
  const bytes = sizeBytes - headBytes;
  for (let at = 0; at < bytes; at += BLOB_BYTES_AT_ONCE) {
    work.checkpoint();
    const piece = await from.read(blob!, at, Math.min(at + BLOB_BYTES_AT_ONCE, bytes));
    digest.update(piece);
    await writer?.write(piece);
  }
  return digest.digest().equals(hash);
}
