import { once } from 'node:events';
import { connect } from 'node:net';
import { sharedMs } from './shared-clock.ts';

/** What this process is to do: one session for each of the users, in IDLE. */
export interface IdleOrder {
  readonly port: number;
  readonly password: string;
  readonly users: readonly string[];
}

/** That all are in IDLE; then what they hear: EXISTS rose from `from` to `to`, at a time of the clock that all processes share. */
export type IdleNews =
  | { readonly kind: 'ready' }
  | { readonly kind: 'heard'; readonly exists: readonly Exists[] };

interface Exists {
  readonly user: string;
  readonly from: number;
  readonly to: number;
  readonly atMs: number;
}

const AT_ONCE = 16;
const TELL_MS = 100;

let heard: Exists[] = [];

/** A session that is led to IDLE and left there. */
async function idle({ port, password }: IdleOrder, user: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const steps = [`a LOGIN ${user} ${password}`, 'b SELECT INBOX', 'c IDLE'];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let exists = 0;
  let text = '';
  let isIdle = false;
  const take = (line: string): void => {
    if (/^[abc] (?:NO|BAD)/.test(line)) reject(new Error(`${user}: ${line}`));
    const count = /^\* (\d+) EXISTS/.exec(line)?.[1];
    if (count !== undefined) {
      if (isIdle && Number(count) > exists)
        heard.push({ user, from: exists, to: Number(count), atMs: sharedMs() });
      exists = Number(count);
    } else if (line.startsWith('+ ')) {
      isIdle = true;
      resolve();
    } else if (/^(?:[abc] OK|\* OK \[CAP|\* OK .*ready)/i.test(line) && steps.length > 0)
      socket.write(`${steps.shift()}\r\n`);
  };
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
      take(text.slice(0, end));
      text = text.slice(end + 2);
    }
  });
  socket.on('error', reject);
  socket.on('close', () => reject(new Error(`${user}: the server closed`)));
  await promise;
}

async function open(order: IdleOrder): Promise<void> {
  const users = order.users[Symbol.iterator]();
  const openAll = async (): Promise<void> => {
    for (const user of users) await idle(order, user);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, openAll));
}

function tell(news: IdleNews): void {
  process.send!(news);
}

process.once('message', (order: IdleOrder) => {
  open(order).then(
    () => tell({ kind: 'ready' }),
    (error: Error) => {
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    },
  );
});
setInterval(() => {
  if (heard.length === 0) return;
  tell({ kind: 'heard', exists: heard });
  heard = [];
}, TELL_MS);
