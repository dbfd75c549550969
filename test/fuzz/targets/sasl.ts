import assert from 'node:assert/strict';
import { createHmac, pbkdf2Sync } from 'node:crypto';
import type { MailboxId } from '#model';
import type { Account } from '../../../src/directory/sasl/exchange.ts';
import {
  beginExchange,
  mechanismsFor,
  type SaslCheck,
} from '../../../src/directory/sasl/mechanisms.ts';
import {
  decodeSaslName,
  parseClientFinal,
  parseClientFirst,
} from '../../../src/directory/sasl/scram-message.ts';
import { hmacSha256, sha256 } from '../../../src/directory/secret.ts';
import type { Random } from '../random.ts';
import { type Target, wire } from '../target.ts';

const ACCOUNT: Account = { mailboxId: 1 as MailboxId, address: 'u@x.test' };
const SALT = Buffer.from('salt of four kinds');
const ITERATIONS = 1;
const SALTED = pbkdf2Sync('p', SALT, ITERATIONS, 32, 'sha256');
const VERIFIER = {
  salt: SALT,
  iterations: ITERATIONS,
  storedKey: sha256(hmacSha256(SALTED, 'Client Key')),
  serverKey: hmacSha256(SALTED, 'Server Key'),
};

/** A directory with one mailbox: `u`, password `p`, token `t`. */
const CHECK: SaslCheck = {
  bindsChannels: true,
  takesTokens: true,
  verifyPassword: async (login, password) =>
    login === 'u' && password === 'p' ? ACCOUNT : undefined,
  verifyToken: async (token) => (token === 't' ? ACCOUNT : { reason: 'not t' }),
  isSame: async (login) => login === 'u',
  accountOf: async (address) => (address === 'u' ? ACCOUNT : undefined),
  scramUser: async (login) => ({
    verifier: VERIFIER,
    account: login === 'u' ? ACCOUNT : undefined,
  }),
  nonce: () => 'server',
};
const CHANNEL = { channelSecure: true, binding: () => Buffer.from('channel') };
const MECHANISMS = mechanismsFor(CHECK, CHANNEL);

/** The proof of one who knows the password, for a final message without it. */
function proof(first: string, serverFirst: string, final: string): string {
  const clientKey = createHmac('sha256', SALTED).update('Client Key').digest();
  const signature = hmacSha256(sha256(clientKey), `${first},${serverFirst},${final}`);
  return Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64');
}

function scram(random: Random): string {
  const gs2 = random.pick([
    'n,,',
    'y,,',
    'p=tls-exporter,,',
    'p=x,,',
    'n,a=u,',
    'n,a=v,',
    'n',
    ',,',
  ]);
  const name = random.pick(['u', 'v', 'a=2Cb', 'a=b', '\xc3\xbc', '']);
  const nonce = random.pick(['c', 'client', '', 'a b', 'x'.repeat(600)]);
  const bare = `${random.oneIn(9) ? 'm=x,' : ''}n=${name},r=${nonce}${random.maybe(() => ',x=y')}`;
  const binding = random.pick([gs2, `${gs2}channel`, 'n,,', '']);
  const final = `c=${Buffer.from(binding).toString('base64')},r=${nonce}server${random.maybe(() => ',x=y')}`;
  const serverFirst = `r=${nonce}server,s=${SALT.toString('base64')},i=${ITERATIONS}`;
  const proven = random.oneIn(4) ? 'AAAA' : proof(bare, serverFirst, final);
  return `${gs2}${bare}\n${final},p=${proven}`;
}

function exchange(random: Random): string {
  const mechanism = random.pick([...MECHANISMS, 'X', 'scram-sha-256']);
  const messages = random.one(
    () => scram(random),
    () =>
      `${random.pick(['', 'u', 'v'])}\0${random.pick(['u', 'v', ''])}\0${random.pick(['p', 'q', ''])}`,
    () =>
      `n,${random.pick(['', 'a=u', 'a=v'])},\x01auth=Bearer ${random.pick(['t', 'x', ''])}\x01${random.maybe(() => 'k=v\x01')}\x01\n\x01`,
    () => `user=${random.pick(['u', 'v', ''])}\x01auth=Bearer ${random.pick(['t', 'x'])}\x01\x01\n`,
    () => `${random.pick(['u', 'v', ''])}\n${random.pick(['p', 'q', ''])}`,
  );
  return `${mechanism}\n${random.oneIn(4) ? '-\n' : ''}${messages}`;
}

/** Whether what a client said holds what only one who may enter can know. */
function knows(said: string): boolean {
  return said.includes('p') || said.includes('t');
}

/** Every mechanism against a directory of one mailbox: lines of the input are the client's messages; "-" is none. */
export const target: Target = {
  name: 'sasl',
  seeds: [
    'PLAIN\n\0u\0p',
    'LOGIN\nu\np',
    'OAUTHBEARER\nn,,\x01auth=Bearer t\x01\x01',
    'XOAUTH2\nuser=u\x01auth=Bearer t\x01\x01',
  ],
  words: [
    'n,,',
    'p=tls-exporter,,',
    ',',
    '=',
    '=2C',
    'n=',
    'r=',
    'c=biws',
    ',p=',
    '\0',
    '\x01',
    '\n',
    'auth=Bearer ',
    'user=',
    'm=',
    '\xff',
  ],
  bytesMax: 4000,
  generate: (random) => wire(exchange(random)),
  async run(input) {
    const text = input.toString('latin1');
    parseClientFirst(text);
    parseClientFinal(text);
    decodeSaslName(text);
    const [mechanism = '', ...messages] = text.split('\n');
    const begun = beginExchange(mechanism, CHECK, CHANNEL);
    if (begun === undefined) return 'no mechanism';
    let steps = 0;
    for (const message of messages.slice(0, 5)) {
      const first = steps++ === 0;
      const step = await begun.step(first && message === '-' ? undefined : wire(message));
      if (step.kind === 'challenge') {
        assert.ok(step.data.length < 3000);
        continue;
      }
      if (step.kind === 'success') assert.ok(step.account === ACCOUNT && knows(text));
      else assert.ok(step.reason !== '');
      return `${mechanism.toUpperCase()} ${steps} ${step.kind === 'failure' ? step.reason.slice(0, 40) : 'success'}`;
    }
    return `${mechanism.toUpperCase()} goes on`;
  },
};
