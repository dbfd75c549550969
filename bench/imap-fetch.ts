import { ImapConnection } from './imap-connection.ts';
import { describeMails, mails } from './mail.ts';
import type { Table } from './report.ts';
import { alternateFilled, type BenchOptions, type Figures } from './rounds.ts';
import type { Server } from './servers.ts';

const PAGE = 50;
const PAGES = 100;
const ENVELOPE = '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)';
const HEADER = '(BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])';

/** What is fetched of the whole folder, by the name of its table. */
const WHOLE = {
  flags: '(FLAGS)',
  structure: '(ENVELOPE BODYSTRUCTURE INTERNALDATE RFC822.SIZE)',
  'header fields': HEADER,
  bodies: '(BODY.PEEK[])',
} as const;

/** FETCH of pages of 50 messages, as a mail program scrolls, and of a whole folder. The client reads answers without parsing them. */
export async function imapFetch(options: BenchOptions): Promise<readonly Table[]> {
  const messages = options.messages ?? 20_000;
  const rounds = await alternateFilled(options, (server) => fill(server, messages), measure);
  const notes = [`${messages} messages, ${describeMails()}`, ...rounds.versions];
  const pages = ['envelopes', 'bodies'].map((what) => ({
    title: `imap-fetch, ${what} of ${PAGE} messages, ${PAGES} times`,
    unit: 'messages/s',
    notes,
    rows: rounds.figures(`page of ${what}`),
  }));
  const whole = Object.entries(WHOLE).map(([what, items]) => ({
    title: `imap-fetch, UID FETCH 1:* ${items}`,
    unit: 'messages/s',
    notes,
    rows: rounds.figures(what),
  }));
  const bytes = {
    title: 'imap-fetch, UID FETCH 1:* (BODY.PEEK[])',
    unit: 'MB/s',
    notes,
    rows: rounds.figures('megabytes'),
  };
  return [...pages, ...whole, bytes];
}

interface Store {
  readonly user: string;
  readonly messages: number;
}

async function fill(server: Server, messages: number): Promise<Store> {
  const [user] = await server.addMailboxes(['fetch']);
  using client = await ImapConnection.login(server.imapPort, user!, server.password);
  await client.append('INBOX', mails(messages));
  await client.command('SELECT INBOX');
  // The first look at a message makes an index in some servers, which is not what is measured.
  for (const items of Object.values(WHOLE)) {
    const { text } = await client.command(`UID FETCH 1:* ${items}`, true);
    const told = text.match(/^\* \d+ FETCH \(/gm)?.length;
    if (told !== messages) throw new Error(`${server.name}: ${told} of ${messages} in ${items}`);
  }
  return { user: user!, messages };
}

async function measure(server: Server, { user, messages }: Store): Promise<Figures> {
  using client = await ImapConnection.login(server.imapPort, user, server.password);
  await client.command('SELECT INBOX');
  const figures: Record<string, number> = {};
  for (const [what, items] of Object.entries({ envelopes: ENVELOPE, bodies: WHOLE.bodies })) {
    let ms = 0;
    for (let page = 0; page < PAGES; page++) {
      const first = 1 + ((page * 7919) % Math.max(1, messages - PAGE));
      ms += (await client.command(`FETCH ${first}:${first + PAGE - 1} ${items}`)).ms;
    }
    figures[`page of ${what}`] = (PAGE * PAGES) / (ms / 1000);
  }
  for (const [what, items] of Object.entries(WHOLE)) {
    const { ms, bytes } = await client.command(`UID FETCH 1:* ${items}`);
    figures[what] = messages / (ms / 1000);
    if (what === 'bodies') figures['megabytes'] = bytes / 1e6 / (ms / 1000);
  }
  return figures;
}
