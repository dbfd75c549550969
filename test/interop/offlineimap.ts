import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Outcome, runOk } from './program.ts';
import { ALICE, PASSWORD, type TestServer } from './server.ts';

const TLS_1_2 = `openssl_conf = client
[client]
ssl_conf = ssl
[ssl]
system_default = protocol
[protocol]
MaxProtocol = TLSv1.2
`;

export interface OfflineImapOptions {
  readonly port: number;
  /** The directory of the Maildir. */
  readonly maildir: string;
  /** What stands in the configuration about encryption. */
  readonly options: readonly string[];
  readonly deadlineMs?: number;
}

/** Configures OfflineIMAP for Alice's mailbox; gives what runs it once. */
export function offlineImap(
  server: TestServer,
  options: OfflineImapOptions,
): () => Promise<Outcome> {
  const config = writeConfig(server, options);
  // imaplib2 reads in a thread of its own. After STARTTLS with TLS 1.3 it now and then never sends its next command: with
  // Dovecot too, and never with TLS 1.2, which has no session tickets after the handshake.
  const openssl = join(server.work, 'openssl.cnf');
  writeFileSync(openssl, TLS_1_2);
  return () =>
    runOk('offlineimap', ['-o', '-c', config, '-u', 'basic'], {
      env: { OPENSSL_CONF: openssl },
      ...(options.deadlineMs !== undefined && { deadlineMs: options.deadlineMs }),
    });
}

function writeConfig(server: TestServer, { port, maildir, options }: OfflineImapOptions): string {
  const secret = join(server.work, 'password');
  writeFileSync(secret, PASSWORD);
  const config = join(server.work, 'offlineimaprc');
  const lines = [
    '[general]',
    'accounts = alice',
    `metadata = ${join(server.work, 'metadata')}`,
    'socktimeout = 20',
    '[Account alice]',
    'localrepository = near',
    'remoterepository = far',
    '[Repository near]',
    'type = Maildir',
    `localfolders = ${maildir}`,
    '[Repository far]',
    'type = IMAP',
    // It compares the certificate with a name only, not with an address.
    'remotehost = localhost',
    `remoteport = ${port}`,
    `remoteuser = ${ALICE}`,
    `remotepassfile = ${secret}`,
    ...options,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  return config;
}
