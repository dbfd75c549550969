/** A process of its own that floods a port with connections: `node flood.ts PORT ADDRESSES AT-ONCE`, until its input ends. */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [port = '0', addresses = '1', atOnce = '64'] = process.argv.slice(2);
const GARBAGE = Buffer.from('\x16\x03 GET / HTTP/1.1\r\n\0\0\0\0 FROBNICATE {99999999999+}\r\n');
const count = { made: 0, answered: 0, failed: 0 };
let going = true;

/** Addresses of loopback, each a client of its own. */
function sourceOf(serial: number): string {
  const number = serial % Number(addresses);
  return `127.66.${Math.floor(number / 250)}.${1 + (number % 250)}`;
}

function flood(serial: number): void {
  if (!going) return;
  const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress: sourceOf(serial) });
  let answered = false;
  const next = (): void => {
    if (answered) count.answered++;
    setImmediate(flood, serial + Number(atOnce));
  };
  socket.on('connect', () => {
    if (count.made++ === 0) process.stdout.write('begun\n');
    socket.write(GARBAGE);
  });
  socket.on('data', () => {
    answered = true;
    // Without a word, so that the ports are free again at once.
    socket.resetAndDestroy();
  });
  socket.on('error', () => {
    count.failed++;
  });
  socket.on('close', next);
}

for (let serial = 0; serial < Number(atOnce); serial++) flood(serial);
createInterface(process.stdin).on('close', () => {
  going = false;
  process.stdout.write(`${JSON.stringify(count)}\n`, () => process.exit(0));
});
