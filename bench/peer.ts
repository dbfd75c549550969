import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { DOMAIN, PASSWORD, type Server } from './servers.ts';

const run = promisify(execFile);
const PEER_SCRIPT =
  process.env['POSTHORN_PEER_SCRIPT'] ??
  join(resolve(import.meta.dirname, '..'), '../shared/peers/postfix-dovecot.sh');
/** Where the script keeps everything. */
const PEER_DIR = process.env['PEER_DIR'] ?? '/tmp/peers/postfix-dovecot';
const POSTFIX = join(PEER_DIR, 'etc');
const DOVECOT = join(PEER_DIR, 'dv/dovecot.conf');
/** One process a session: the script allows 2000. */
const PROCESSES_MAX = 1900;
/** Each session in IDLE watches by an inotify instance; without one it looks only twice a minute. Some are used otherwise. */
const WATCHES = '/proc/sys/fs/inotify/max_user_instances';
const OTHER_WATCHES = 28;

/** Starts Postfix handing over to Dovecot, with the settings of the peer script. */
export async function startPostfixDovecot(): Promise<Server> {
  await runQuietly('bash', [PEER_SCRIPT, 'start']);
  const [postfix, dovecot] = await Promise.all([
    run('postconf', ['-h', 'mail_version']),
    run('dovecot', ['--version']),
  ]);
  return {
    name: 'postfix+dovecot',
    version: `Postfix ${postfix.stdout.trim()}, Dovecot ${dovecot.stdout.trim()}, sdbox`,
    smtpPort: 12525,
    delivery: { port: 12424, protocol: 'LMTP' },
    imapPort: 12143,
    pop3Port: 12110,
    password: PASSWORD,
    sessionsMax: Math.min(PROCESSES_MAX, Number(readFileSync(WATCHES, 'latin1')) - OTHER_WATCHES),
    addMailboxes: async (locals) => locals.map((local) => `${local}@${DOMAIN}`),
    processes: () => [
      pidIn(join(PEER_DIR, 'dv/run/master.pid')),
      pidIn(join(PEER_DIR, 'queue/pid/master.pid')),
    ],
    stop: async () => {
      await runQuietly('postfix', ['-c', POSTFIX, 'stop']);
      await runQuietly('doveadm', ['-c', DOVECOT, 'stop']);
    },
    start: async () => {
      await Promise.all([
        runQuietly('dovecot', ['-c', DOVECOT]),
        runQuietly('postfix', ['-c', POSTFIX, 'start']),
      ]);
    },
    async [Symbol.asyncDispose]() {
      await runQuietly('bash', [PEER_SCRIPT, 'stop']);
    },
  };
}

function pidIn(path: string): number {
  return Number(readFileSync(path, 'latin1').trim());
}

/** Runs a command without its output: daemons that it leaves behind would hold a pipe open. */
async function runQuietly(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'ignore' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
}
