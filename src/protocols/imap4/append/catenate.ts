import { hasRight } from '#model';
import { type ImapUrl, parseImapUrl } from '#wire';
import { MessageContent } from '../fetch/content.ts';
import { planSection } from '../fetch/section.ts';
import type { Session } from '../session.ts';
import type { View } from '../view.ts';

/**
 * Opens what a URL names in the mailbox of who asks: a message or a part of it as FETCH BODY.PEEK would give it (RFC 4469 §3,
 * with PARTIAL of RFC 5550 §5.7.1).
 *
 * @returns the bytes, read as they are taken; undefined when the URL leads to nothing here
 */
export async function openUrl(
  session: Session,
  text: string,
): Promise<Iterable<Buffer> | AsyncIterable<Buffer> | undefined> {
  const url = parseImapUrl(text);
  if (url === undefined || !isOurs(session, url)) return undefined;
  const place = await placeOf(session, url);
  if (place === undefined) return undefined;
  const { mailbox, folderId } = place;
  const plan = planSection(url.section, url.partial);
  const [entry] = await mailbox.entries({
    folderId,
    uids: [[url.uid, url.uid]],
    columns: plan.columns,
    limit: 1,
  });
  const payload = entry && (await plan.payload(new MessageContent(entry, mailbox)));
  if (payload === undefined) return undefined;
  if (typeof payload === 'string') return [Buffer.from(payload, 'latin1')];
  return payload.pieces;
}

/** RFC 4469 §3: only what the one who asks could read by FETCH on this server. */
function isOurs({ server, account }: Session, { host, user }: ImapUrl): boolean {
  if (host !== undefined && host.toLowerCase() !== server.hostname.toLowerCase()) return false;
  return user === undefined || user.toLowerCase() === account?.address.toLowerCase();
}

async function placeOf(
  session: Session,
  { mailbox: name, uidValidity }: ImapUrl,
): Promise<Pick<View, 'mailbox' | 'folderId'> | undefined> {
  if (name === undefined) return session.selected ? session.view : undefined;
  const found = await session.names.find(name);
  if (found === undefined) return undefined;
  const { mailbox, folder } = found;
  if (!hasRight(await mailbox.rights(folder.folderId), 'r')) return undefined;
  const isSame = uidValidity === undefined || uidValidity === folder.uidValidity;
  return isSame ? { mailbox, folderId: folder.folderId } : undefined;
}
