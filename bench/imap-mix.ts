import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Table } from './report.ts';
import { alternate, type BenchOptions } from './rounds.ts';
import type { Server } from './servers.ts';

const CLIENTS = 20;
const IMAPTEST = process.env['IMAPTEST'] ?? 'imaptest';

/** imaptest with 20 clients on one mailbox and its default mix of commands: with logins (its default), and with kept sessions. */
export async function imapMix(options: BenchOptions): Promise<readonly Table[]> {
  const seconds = options.size ?? 10;
  const modes = ['logins', 'kept'];
  const rounds = await alternate(options, modes, (server, mode, round) =>
    measure(server, `m${round}${mode}`, seconds, mode),
  );
  return modes.map((mode) => ({
    title: `imap-mix, imaptest, ${CLIENTS} clients, ${seconds} s, ${mode === 'kept' ? 'kept sessions (logout=0)' : 'with logins'}`,
    unit: 'commands/s',
    notes: rounds.versions,
    rows: rounds.figures(mode),
  }));
}

async function measure(
  server: Server,
  local: string,
  seconds: number,
  mode: string,
): Promise<number> {
  const [user] = await server.addMailboxes([local]);
  const dir = mkdtempSync(join(tmpdir(), 'imap-mix-'));
  const mbox = join(dir, 'mbox');
  writeFileSync(mbox, sampleMbox());
  const args = [
    'host=127.0.0.1',
    `port=${server.imapPort}`,
    `user=${user}`,
    `pass=${server.password}`,
  ];
  args.push(`mbox=${mbox}`, `clients=${CLIENTS}`, `secs=${seconds}`, 'seed=1');
  if (mode === 'kept') args.push('logout=0');
  try {
    return commandsPerSecond(await output(IMAPTEST, args, dir), seconds);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function output(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
      });
    child.on('error', reject);
    child.on('exit', () => resolve(text));
  });
}

/** imaptest ends with a line of totals, one number a command it used. */
function commandsPerSecond(text: string, seconds: number): number {
  const totals = text.slice(text.lastIndexOf('Totals:')).split('\n');
  const numbers = totals.find((line) => /^\s*\d+(\s+\d+)+\s*$/.test(line.trimEnd())) ?? '';
  const errors = text.split('\n').filter((line) => /^(Error|Panic|Fatal)/.test(line));
  for (const error of errors.slice(0, 3)) process.stderr.write(`imaptest: ${error}\n`);
  const sum = numbers
    .trim()
    .split(/\s+/)
    .reduce((total, number) => total + Number(number), 0);
  return sum / seconds;
}

/** Messages of a few sizes and shapes for imaptest to append. */
function sampleMbox(): string {
  let text = '';
  for (let i = 0; i < 40; i++) {
    const body =
      `Line of text number ${i}, long enough to look like something that people write.\n`.repeat(
        1 + (i % 8) * 6,
      );
    text += `From sender${i}@example.test Mon Jan  5 10:00:00 2026\nFrom: Sender ${i} <sender${i}@example.test>\nTo: reader@example.test\n`;
    text += `Subject: Sample message ${i}\nDate: Mon, 5 Jan 2026 10:00:0${i % 10} +0000\nMessage-ID: <sample${i}@example.test>\n`;
    text += `MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n${body}\n`;
  }
  return text;
}
