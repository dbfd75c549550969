import type { Uid } from '#model';
import { Cursor, GrammarError } from './parser.ts';
import { type FetchPartial, readSection, type Section } from './section.ts';

/** A message or a part of one, as a URL names it. */
export interface ImapUrl {
  /** The server it names; undefined: the one that is asked. */
  readonly host?: string;
  /** Whose mailbox; undefined: that of who asks. */
  readonly user?: string;
  /** Undefined: the folder that is selected. */
  readonly mailbox?: string;
  readonly uidValidity?: number;
  readonly uid: Uid;
  readonly section: Section;
  readonly partial?: FetchPartial;
}

/*
 * imapurl     = ["imap://" [enc-user [";AUTH=" ("*" / enc-auth-type)] "@"] host [":" port]] imessagepart
 * imessagepart = ["/" enc-mailbox [";UIDVALIDITY=" nz-number] "/"] ";UID=" nz-number
 *                ["/;SECTION=" enc-section] ["/;PARTIAL=" number ["." nz-number]]
 */
const SERVER = /^imap:\/\/(?:([^@/;]*)(?:;AUTH=[^@/]*)?@)?([^@/:]+)(?::\d{1,5})?(?=\/)/i;
const MESSAGE =
  /^(?:\/([^;]+?)(?:;UIDVALIDITY=([1-9]\d{0,9}))?\/)?;UID=([1-9]\d{0,9})(?:\/;SECTION=([^;]+?))?(?:\/;PARTIAL=(\d{1,15})(?:\.([1-9]\d{0,14}))?)?$/i;

/**
 * Reads a URL of a message or of a part of one (RFC 5092 §11), whole or relative to the server or to the selected folder.
 *
 * @returns undefined when it is none
 */
export function parseImapUrl(url: string): ImapUrl | undefined {
  const server = SERVER.exec(url);
  const message = MESSAGE.exec(url.slice(server?.[0].length ?? 0));
  if (message === null) return undefined;
  const [, mailbox, uidValidity, uid, section, offset, length] = message;
  const texts = [server?.[1], server?.[2], mailbox, section ?? ''].map(decodePercent);
  if (texts.includes(null)) return undefined;
  const [user, host, name, what] = texts as (string | undefined)[];
  const parsed = parseSection(what!);
  if (parsed === undefined) return undefined;
  return {
    ...(host === undefined ? {} : { host }),
    ...(user === undefined || user === '' ? {} : { user }),
    ...(name === undefined ? {} : { mailbox: name }),
    ...(uidValidity === undefined ? {} : { uidValidity: Number(uidValidity) }),
    uid: Number(uid) as Uid,
    section: parsed,
    ...(offset === undefined ? {} : { partial: partialOf(offset, length) }),
  };
}

/** RFC 3986 §2.1; null when it decodes to no text. */
function decodePercent(text: string | undefined): string | undefined | null {
  try {
    return text && decodeURIComponent(text);
  } catch {
    return null;
  }
}

function parseSection(text: string): Section | undefined {
  const cursor = new Cursor(Buffer.from(`[${text}]`));
  try {
    const section = readSection(cursor);
    return cursor.atEnd ? section : undefined;
  } catch (error) {
    if (error instanceof GrammarError) return undefined;
    throw error;
  }
}

/** Without a length it goes to the end. */
function partialOf(offset: string, length: string | undefined): FetchPartial {
  return {
    offset: Number(offset),
    length: length === undefined ? Number.MAX_SAFE_INTEGER : Number(length),
  };
}
