import { setTimeout as sleep } from 'node:timers/promises';
import { SmtpClient } from '../test/clients/smtp.ts';
import { mailAt } from './mail.ts';
import type { Server } from './servers.ts';
import { sharedMs } from './shared-clock.ts';

const CONNECTIONS_MAX = 8;
const WORDS = 60;

/** A message that was acknowledged, on the clock that all processes share. */
export interface Delivery {
  readonly user: string;
  readonly atMs: number;
}

/** Delivers so many messages a second, to one mailbox after the other; gives them in the order of each mailbox. */
export async function deliverSteadily(
  server: Server,
  users: readonly string[],
  perSecond: number,
  seconds: number,
): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  const connections = Math.min(CONNECTIONS_MAX, users.length);
  const startedMs = sharedMs();
  // A mailbox has its deliveries by one connection, so that they come in order.
  const work = async (index: number): Promise<void> => {
    const own = users.filter((_user, at) => at % connections === index);
    const client = await hello(server);
    for (let nth = index; nth < perSecond * seconds; nth += connections) {
      const waitMs = startedMs + (1000 * nth) / perSecond - sharedMs();
      if (waitMs > 0) await sleep(waitMs);
      const user = own[Math.floor(nth / connections) % own.length]!;
      deliveries.push({ user, atMs: await deliver(client, user, nth) });
    }
    client.send('QUIT\r\n');
    await client.reply();
  };
  await Promise.all(Array.from({ length: connections }, (_, index) => work(index)));
  return deliveries;
}

async function hello({ delivery }: Server): Promise<SmtpClient> {
  const client = await SmtpClient.connect({ port: delivery.port });
  await client.reply();
  await client.command(`${delivery.protocol === 'LMTP' ? 'LHLO' : 'EHLO'} bench.test`);
  return client;
}

/** When it was acknowledged. */
async function deliver(client: SmtpClient, user: string, nth: number): Promise<number> {
  await client.pipeline('MAIL FROM:<bench@elsewhere.test>', `RCPT TO:<${user}>`, 'DATA');
  client.send(Buffer.concat([mailAt(nth, WORDS).bytes, Buffer.from('\r\n.\r\n')]));
  const reply = await client.reply();
  const atMs = sharedMs();
  if (reply.code !== 250) throw new Error(`${user}: ${JSON.stringify(reply)}`);
  return atMs;
}
