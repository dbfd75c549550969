import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALICE, HOST, type Listener, PASSWORD, type TestServer } from './server.ts';

/** Ways to connect: what they are called, the listener, and mbsync's SSLType. */
export const WAYS = [
  ['in the clear', 'imap', 'None'],
  ['after STARTTLS', 'imap', 'STARTTLS'],
  ['over TLS', 'imaps', 'IMAPS'],
] as const;

export interface MbsyncOptions {
  readonly listener: Listener;
  readonly ssl: (typeof WAYS)[number][2];
  /** The directory of the Maildir. */
  readonly root: string;
  /** Where it keeps what it knows of both sides; in the Maildir when not given. */
  readonly state?: string;
}

/** Writes a configuration whose channel "all" keeps everything of both sides equal; gives its path. */
export function writeMbsyncConfig(server: TestServer, options: MbsyncOptions): string {
  const { listener, ssl, root, state } = options;
  const secret = join(server.work, 'password');
  writeFileSync(secret, `${PASSWORD}\n`, { mode: 0o600 });
  const config = join(server.work, 'mbsyncrc');
  const lines = [
    'IMAPAccount server',
    `Host ${HOST}`,
    `Port ${server.port[listener]}`,
    `User ${ALICE}`,
    `PassCmd "cat ${secret}"`,
    `SSLType ${ssl}`,
    ...(ssl === 'None' ? [] : [`CertificateFile ${server.certificate}`]),
    'Timeout 20',
    '',
    'IMAPStore far',
    'Account server',
    '',
    'MaildirStore near',
    `Path ${root}/`,
    `Inbox ${root}/INBOX`,
    'SubFolders Verbatim',
    '',
    'Channel all',
    'Far :far:',
    'Near :near:',
    'Patterns *',
    'Sync All',
    'Create Both',
    'Remove Both',
    'Expunge Both',
    `SyncState ${state === undefined ? '*' : `${state}/`}`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  return config;
}
