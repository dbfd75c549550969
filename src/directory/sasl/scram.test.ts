import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { before, test } from 'node:test';
import type { MailboxId } from '#model';
import { deriveScram, type ScramVerifier } from '../secret.ts';
import type { Account, SaslStep } from './exchange.ts';
import { type ScramBinding, type ScramCheck, ScramExchange } from './scram.ts';

// RFC 7677 §3
const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const CLIENT_NONCE = 'rOprNGfwEbeRWgbNEkqO';
const SERVER_NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const CLIENT_FIRST = `n,,n=user,r=${CLIENT_NONCE}`;
const SERVER_FIRST = `r=${CLIENT_NONCE}${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const CLIENT_FINAL = `c=biws,r=${CLIENT_NONCE}${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

const account: Account = { mailboxId: 7 as MailboxId, address: 'user@example.test' };
let verifier: ScramVerifier;
before(async () => {
  verifier = await deriveScram('pencil', SALT, 4096);
});

function exchange(
  known = true,
  binding: ScramBinding = { plus: false, plusOffered: false },
): { sasl: ScramExchange; asked: string[] } {
  const asked: string[] = [];
  const check: ScramCheck = {
    scramUser: async (login) => {
      asked.push(login);
      return { verifier, account: known ? account : undefined };
    },
    isSame: async (login) => login === 'user',
    nonce: () => SERVER_NONCE,
  };
  return { sasl: new ScramExchange(check, binding), asked };
}

const bytes = (text: string): Buffer => Buffer.from(text);

async function run(first: string, final: string): Promise<SaslStep> {
  const { sasl } = exchange();
  const step = await sasl.step(bytes(first));
  return step.kind === 'challenge' ? sasl.step(bytes(final)) : step;
}

/** What a right client sends as its final message. */
function finalFor(first: string, password: string, cbind = ''): string {
  const bare = first.replace(/^[^,]*,[^,]*,/, '');
  const gs2 = first.slice(0, first.length - bare.length);
  const without = `c=${bytes(gs2 + cbind).toString('base64')},r=${CLIENT_NONCE}${SERVER_NONCE}`;
  const hmac = (key: Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const key = hmac(pbkdf2Sync(password, SALT, 4096, 32, 'sha256'), 'Client Key');
  const signature = hmac(
    createHash('sha256').update(key).digest(),
    `${bare},${SERVER_FIRST},${without}`,
  );
  return `${without},p=${Buffer.from(key.map((byte, i) => byte ^ signature[i]!)).toString('base64')}`;
}

test('the example of RFC 7677 §3', async () => {
  const { sasl } = exchange();
  assert.deepEqual(await sasl.step(undefined), { kind: 'challenge', data: Buffer.alloc(0) });
  assert.deepEqual(await sasl.step(bytes(CLIENT_FIRST)), {
    kind: 'challenge',
    data: bytes(SERVER_FIRST),
  });
  assert.deepEqual(await sasl.step(bytes(CLIENT_FINAL)), {
    kind: 'success',
    account,
    data: bytes(SERVER_FINAL),
  });
});

test('an unknown user sees the same challenge and fails even with a proof that fits', async () => {
  const { sasl } = exchange(false);
  assert.deepEqual(await sasl.step(bytes(CLIENT_FIRST)), {
    kind: 'challenge',
    data: bytes(SERVER_FIRST),
  });
  const end = await sasl.step(bytes(CLIENT_FINAL));
  assert.deepEqual(end, { kind: 'failure', reason: 'e=invalid-proof' });
});

test('user names are unescaped and SASLprepped', async () => {
  const { sasl, asked } = exchange();
  await sasl.step(bytes(`n,,n=a=2Cb=3Dc\u00ad\u2168,r=${CLIENT_NONCE}`));
  assert.deepEqual(asked, ['a,b=cIX']);
});

test('channel binding: y is taken, p is not on offer, the header must come back as it was', async () => {
  const y = `y,,n=user,r=${CLIENT_NONCE}`;
  assert.equal((await run(y, finalFor(y, 'pencil'))).kind, 'success');
  const failures: [string, string][] = [
    [`p=tls-exporter,,n=user,r=${CLIENT_NONCE}`, 'e=channel-binding-not-supported'],
    [`x,,n=user,r=${CLIENT_NONCE}`, 'e=invalid-encoding'],
  ];
  for (const [first, reason] of failures)
    assert.deepEqual(await run(first, CLIENT_FINAL), { kind: 'failure', reason });
  assert.deepEqual(await run(y, CLIENT_FINAL), {
    kind: 'failure',
    reason: 'e=channel-bindings-dont-match',
  });
});

test('acting for oneself is allowed, for others not', async () => {
  const own = `n,a=user,n=user,r=${CLIENT_NONCE}`;
  assert.equal((await run(own, finalFor(own, 'pencil'))).kind, 'success');
  const other = `n,a=root,n=user,r=${CLIENT_NONCE}`;
  assert.deepEqual(await run(other, finalFor(other, 'pencil')), {
    kind: 'failure',
    reason: 'e=other-error',
  });
});

test('malformed and wrong messages fail with their server-error-value', async () => {
  const firsts: [string, string][] = [
    ['', 'invalid-encoding'],
    ['n,,', 'invalid-encoding'],
    [`n,,n=,r=${CLIENT_NONCE}`, 'invalid-encoding'],
    ['n,,n=user,r=', 'invalid-encoding'],
    [`n,,n=us=er,r=${CLIENT_NONCE}`, 'invalid-username-encoding'],
    [`n,a=us=2c,n=user,r=${CLIENT_NONCE}`, 'invalid-username-encoding'],
    [`n,,m=x,n=user,r=${CLIENT_NONCE}`, 'extensions-not-supported'],
    [`n,,n=user,r=${'x'.repeat(513)}`, 'invalid-encoding'],
  ];
  for (const [first, error] of firsts)
    assert.deepEqual(await run(first, ''), { kind: 'failure', reason: `e=${error}` }, first);
  const finals: [string, string][] = [
    ['', 'invalid-encoding'],
    ['c=biws', 'invalid-encoding'],
    [`c=biws,r=${CLIENT_NONCE},p=AAAA`, 'other-error'],
    [CLIENT_FINAL.replace('p=dHzb', 'p=dHzc'), 'invalid-proof'],
    [CLIENT_FINAL.replace(/p=.*/, 'p=AAAA'), 'invalid-proof'],
    [finalFor(CLIENT_FIRST, 'pencil '), 'invalid-proof'],
  ];
  for (const [final, error] of finals)
    assert.deepEqual(
      await run(CLIENT_FIRST, final),
      { kind: 'failure', reason: `e=${error}` },
      final,
    );
  const { sasl } = exchange();
  assert.equal((await sasl.step(Buffer.from([0xff, 0xfe]))).kind, 'failure');
});

test('extensions after the nonce are passed over', async () => {
  const first = `${CLIENT_FIRST},x=1`;
  assert.equal((await run(first, finalFor(first, 'pencil'))).kind, 'success');
});

const BOUND: ScramBinding = {
  plus: true,
  binding: (type) => (type === 'tls-exporter' ? bytes('exported') : undefined),
};

/** Runs an exchange whose client sends `cbind` as what it is bound to. */
async function runBound(flag: string, cbind: string, binding: ScramBinding): Promise<SaslStep> {
  const { sasl } = exchange(true, binding);
  const first = `${flag},,n=user,r=${CLIENT_NONCE}`;
  const step = await sasl.step(bytes(first));
  if (step.kind !== 'challenge') return step;
  return sasl.step(bytes(finalFor(first, 'pencil', cbind)));
}

test('SCRAM-SHA-256-PLUS: the proof counts only on the channel it was made for', async () => {
  const right = await runBound('p=tls-exporter', 'exported', BOUND);
  assert.equal(right.kind, 'success');
  const cases: readonly (readonly [string, string, string])[] = [
    ['p=tls-exporter', 'another channel', 'channel-bindings-dont-match'],
    ['p=tls-exporter', '', 'channel-bindings-dont-match'],
    ['p=tls-server-end-point', 'exported', 'unsupported-channel-binding-type'],
    ['p=tls-unique', 'exported', 'unsupported-channel-binding-type'],
    ['p=', '', 'invalid-encoding'],
    ['n', '', 'other-error'],
    ['y', '', 'other-error'],
  ];
  for (const [flag, cbind, error] of cases)
    assert.deepEqual(
      await runBound(flag, cbind, BOUND),
      { kind: 'failure', reason: `e=${error}` },
      flag,
    );
});

test('a client that was told there is no -PLUS is not let in where there is one (RFC 5802 §6)', async () => {
  const offered: ScramBinding = { plus: false, plusOffered: true };
  assert.deepEqual(await runBound('y', '', offered), {
    kind: 'failure',
    reason: 'e=server-does-support-channel-binding',
  });
  assert.equal((await runBound('n', '', offered)).kind, 'success', 'it cannot bind itself');
});
