import type { Mailbox } from '#store';
import { type ImapUrl, parseImapUrl } from '#wire';
import { MessageContent } from '../fetch/content.ts';
import { planSection } from '../fetch/section.ts';
import type { Session } from '../session.ts';

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
  const folderId = await folderOf(session, session.mailbox, url);
  if (folderId === undefined) return undefined;
  const plan = planSection(url.section, url.partial);
  const [entry] = await session.mailbox.entries({
    folderId,
    uids: [[url.uid, url.uid]],
    columns: plan.columns,
    limit: 1,
  });
  const payload = entry && (await plan.payload(new MessageContent(entry, session.mailbox)));
  if (payload === undefined) return undefined;
  return 'pieces' in payload ? payload.pieces : payload;
}

/** RFC 4469 §3: only what the one who asks could read by FETCH on this server. */
function isOurs({ server, account }: Session, { host, user }: ImapUrl): boolean {
  if (host !== undefined && host.toLowerCase() !== server.hostname.toLowerCase()) return false;
  return user === undefined || user.toLowerCase() === account?.address.toLowerCase();
}

async function folderOf(session: Session, mailbox: Mailbox, url: ImapUrl) {
  if (url.mailbox === undefined) return session.selected ? session.view.folderId : undefined;
  const folder = await mailbox.folderByName(url.mailbox);
  const isSame = url.uidValidity === undefined || url.uidValidity === folder?.uidValidity;
  return isSame ? folder?.folderId : undefined;
}
