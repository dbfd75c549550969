import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems hand out by themselves (32768 on Linux, 49152 elsewhere) and above the well-known ones. */
const FIRST = 15_000;
const LAST = 32_000;
const TRIES = 100;

/**
 * A port of 127.0.0.1 that nobody listens on. It is none that the system gives to a connection or to `listen(0)`, so it is
 * still free when what listens on it goes away for a while and comes back.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FIRST, LAST);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port among ${TRIES} between ${FIRST} and ${LAST}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
