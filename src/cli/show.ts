import type {
  CheckResult,
  ImportResult,
  MailboxDetails,
  MailboxRow,
  MoveResult,
  ServerStatus,
} from '#admin';
import { bytesText, count, durationText, groupDigits, table, timeText } from './text.ts';

/** Waits shown to a person; `--json` has them all. */
const WAITS_SHOWN = 20;

/** What was refused to rude clients, shown where there was any. */
const TURNED_AWAY: Readonly<Record<string, string>> = {
  connections_refused: 'refused, too many',
  connections_refused_of_address: 'refused, too many of an address',
  connections_refused_too_fast: 'refused, too fast',
  newcomers_shown_out: 'newcomers shown out',
  logins_failed: 'logins failed',
  logins_delayed: 'logins held back',
  logins_refused: 'logins refused',
};

export function domainsText(
  domains: readonly { readonly domain: string; readonly mailboxes: number }[],
): string {
  if (domains.length === 0) return 'no domains; add one with "posthorn domain add DOMAIN"';
  return table(
    ['DOMAIN', 'MAILBOXES'],
    domains.map(({ domain, mailboxes }) => [domain, mailboxes]),
  );
}

export function mailboxesText(mailboxes: readonly MailboxRow[]): string {
  if (mailboxes.length === 0) return 'no mailboxes; add one with "posthorn mailbox add ADDRESS"';
  return table(
    ['ADDRESS', 'MESSAGES', 'SIZE', 'QUOTA'],
    mailboxes.map(({ address, messages, bytes, ...limits }) => [
      address,
      messages,
      bytesText(bytes),
      quotaText(limits),
    ]),
  );
}

export function mailboxText(mailbox: MailboxDetails): string {
  const proxies = mailbox.addresses.filter((address) => address !== mailbox.address);
  const facts = [
    ['address', mailbox.address],
    ...(proxies.length === 0 ? [] : [['also', proxies.join(', ')]]),
    ['created', timeText(mailbox.createdAtMs)],
    ['messages', groupDigits(mailbox.messages)],
    ['size', bytesText(mailbox.bytes)],
    ['quota', quotaText(mailbox)],
  ];
  const folders = table(
    ['FOLDER', 'USE', 'MESSAGES', 'UNSEEN', 'SIZE'],
    mailbox.folders.map(({ name, specialUse, messages, unseen, bytes }) => [
      name,
      specialUse?.slice(1) ?? '',
      messages,
      unseen,
      bytesText(bytes),
    ]),
  );
  return `${pairs(facts)}\n\n${folders}`;
}

export function importText(result: ImportResult): string {
  const lines = result.folders
    .filter(({ imported, present }) => imported + present > 0)
    .map(({ name, imported, present }) => [name, imported, present]);
  const skipped = result.skippedWhy.map(({ where, reason }) => `skipped ${where}: ${reason}`);
  const unnamed = result.skipped - skipped.length;
  return [
    ...(lines.length > 1 ? [table(['FOLDER', 'IMPORTED', 'THERE BEFORE'], lines)] : []),
    ...skipped,
    ...(unnamed > 0 ? [`skipped ${groupDigits(unnamed)} more`] : []),
    [
      `${count(result.imported, 'message')} imported into ${result.address}`,
      `${groupDigits(result.present)} there already`,
      `${groupDigits(result.skipped)} skipped`,
    ].join(', '),
  ].join('\n');
}

export function checkText(result: CheckResult): string {
  const { messages, contents, problems, problemCount } = result;
  const checked = `${count(messages, 'message')}, ${count(contents, 'content')} checked`;
  if (problemCount === 0) return `${checked}, no problems`;
  return [
    ...problems.map(({ kind, text }) => `${kind}: ${text}`),
    `${checked}, ${count(problemCount, 'problem')}`,
  ].join('\n');
}

export function movedText({ messages, mailboxes, passes, pausedMs }: MoveResult): string {
  return [
    `${count(messages, 'message')} in ${groupDigits(mailboxes)} mailboxes moved and compared, in ${passes} passes`,
    `nothing could be written for ${(pausedMs / 1000).toFixed(1)} s`,
  ].join('; ');
}

export function statusText(status: ServerStatus, nowMs: number): string {
  const facts = [
    ['version', status.version],
    ['pid', `${status.pid}`],
    ['running for', `${durationText(status.uptimeMs)}, since ${timeText(status.startedAtMs)}`],
    ...Object.entries(status.counts).map(([name, value]) => [name, groupDigits(value)]),
    ...Object.entries(status.sessions).map(([name, value]) => [
      `${name} sessions`,
      groupDigits(value),
    ]),
    ['newcomers', groupDigits(status.newcomers)],
    ...Object.entries(TURNED_AWAY).flatMap(([name, label]) => {
      const value = status.metrics[`posthorn_${name}`] ?? 0;
      return value === 0 ? [] : [[label, groupDigits(value)]];
    }),
  ];
  const listeners = status.listeners.map(({ name, address }) => [name, address]);
  return [
    pairs(facts),
    table(['LISTENER', 'ADDRESS'], listeners),
    waitsText(status.waits, nowMs),
  ].join('\n\n');
}

function waitsText(waits: ServerStatus['waits'], nowMs: number): string {
  if (waits.length === 0) return 'nothing waits';
  const oldest = [...waits].sort((a, b) => a.sinceMs - b.sinceMs).slice(0, WAITS_SHOWN);
  const rows = oldest.map(({ name, owner, sinceMs, deadlineMs, thread }) => [
    name,
    owner,
    thread,
    durationText(nowMs - sinceMs),
    durationText(deadlineMs - nowMs),
  ]);
  const more = waits.length - rows.length;
  const text = table(['WAITS FOR', 'WHO', 'THREAD', 'SINCE', 'AT MOST'], rows);
  return more > 0 ? `${text}\nand ${groupDigits(more)} more` : text;
}

function pairs(facts: readonly (readonly (string | undefined)[])[]): string {
  const width = Math.max(...facts.map(([name]) => name!.length));
  return facts.map(([name, value]) => `${name!.padEnd(width)}  ${value}`).join('\n');
}

/** The limits of a mailbox: `1.5 MB`, `20 messages`, both or `none`. */
export function quotaText({
  quotaBytes,
  quotaMessages,
}: Pick<MailboxRow, 'quotaBytes' | 'quotaMessages'>): string {
  const limits = [
    ...(quotaBytes === undefined ? [] : [bytesText(quotaBytes)]),
    ...(quotaMessages === undefined ? [] : [count(quotaMessages, 'message')]),
  ];
  return limits.length === 0 ? 'none' : limits.join(', ');
}
