import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Directory } from '#directory';
import type { ListenAddress, ServerConfig } from './config.ts';
import { VERSION } from './version.ts';
import { writeWhole } from './whole-file.ts';

const SAMPLE_DOMAIN = 'example.test';
const SAMPLE_MAILBOXES = ['alice', 'bob'] as const;
const SAMPLE_FILE = 'sample-mailboxes.json';

type Passwords = Readonly<Record<string, string>>;

/** Prints what listens where, and for a server started with nothing but defaults its mailboxes and what to try next. */
export async function printWelcome(
  config: ServerConfig,
  listen: readonly ListenAddress[],
  directory: Directory,
): Promise<void> {
  const lines = [
    `Posthorn ${VERSION}, data in ${config.dataDir}`,
    '',
    ...table(listen.map(listenerRow)),
  ];
  if (config.welcome) {
    const passwords = await sampleMailboxes(config.dataDir, directory);
    if (passwords !== undefined) lines.push('', ...sampleLines(passwords, listen));
  }
  process.stdout.write(`${lines.join('\n')}\n\n`);
}

function listenerRow({ name, host, port }: ListenAddress): readonly string[] {
  const how =
    name.endsWith('s') && name !== 'pop3'
      ? 'TLS'
      : name === 'smtp'
        ? 'mail for this organization'
        : 'plain or STARTTLS';
  return [name, `${host.includes(':') ? `[${host}]` : host}:${port}`, how];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_cell, column) =>
    Math.max(...rows.map((row) => row[column]!.length)),
  );
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd(),
  );
}

/** Makes the sample organization in an empty directory; gives the passwords that still hold. */
async function sampleMailboxes(
  dataDir: string,
  directory: Directory,
): Promise<Passwords | undefined> {
  const file = join(dataDir, SAMPLE_FILE);
  const domains = await directory.domains();
  if (domains.length > 0) return await knownPasswords(file, directory);
  await directory.addDomain(SAMPLE_DOMAIN);
  const passwords: Record<string, string> = {};
  for (const local of SAMPLE_MAILBOXES) {
    const added = await directory.addMailbox(`${local}@${SAMPLE_DOMAIN}`);
    passwords[added.address] = added.generatedPassword ?? '';
  }
  writeWhole(file, `${JSON.stringify(passwords, undefined, 2)}\n`);
  return passwords;
}

async function knownPasswords(file: string, directory: Directory): Promise<Passwords | undefined> {
  let kept: Passwords;
  try {
    kept = JSON.parse(readFileSync(file, 'utf8')) as Passwords;
  } catch {
    return undefined;
  }
  const still: Record<string, string> = {};
  for (const [address, password] of Object.entries(kept))
    if ((await directory.verifyPassword(address, password)) !== undefined)
      still[address] = password;
  return Object.keys(still).length === 0 ? undefined : still;
}

function sampleLines(passwords: Passwords, listen: readonly ListenAddress[]): string[] {
  const rows = Object.entries(passwords).map(([address, password]) => [address, password]);
  const lines = [
    'Organization "Posthorn", sample mailboxes and their passwords:',
    '',
    ...table(rows),
  ];
  const at = (name: string): string | undefined => {
    const found = listen.find((listener) => listener.name === name);
    return found === undefined ? undefined : `${found.host}:${found.port}`;
  };
  const [address, password] = rows[0]!;
  const smtp = at('smtp');
  const imap = at('imap');
  if (smtp === undefined || imap === undefined) return lines;
  const message = `From: me@elsewhere.test\\nTo: ${address}\\nSubject: Hello\\n\\nIt works.\\n`;
  return [
    ...lines,
    '',
    'Try it (send a message, then read it):',
    '',
    `  printf '${message}' | curl -s --crlf smtp://${smtp} --mail-from me@elsewhere.test --mail-rcpt ${address} -T -`,
    `  curl -s --user '${address}:${password}' 'imap://${imap}/INBOX;MAILINDEX=*'`,
    '',
    'Stop with Ctrl-C. Everything else: npx posthorn --help',
  ];
}
