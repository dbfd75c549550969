import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MailboxId } from '#model';
import type { Account, SaslStep } from './exchange.ts';
import { BearerExchange, parseOauthBearer, parseXoauth2, type TokenCheck } from './oauth.ts';

const ANN: Account = { mailboxId: 7 as MailboxId, address: 'ann@example.test' };
const check: TokenCheck = {
  takesTokens: true,
  verifyToken: async (token) => (token === 'good.token-1' ? ANN : { reason: 'bad token' }),
  isSame: async (login) => login === 'ann@example.test' || login === 'a,n',
};

/** What comes of a message; after a challenge the client gives the answer that it must give. */
async function run(
  parse: typeof parseXoauth2,
  text: string,
): Promise<SaslStep & { told?: unknown }> {
  const exchange = new BearerExchange(check, parse);
  const step = await exchange.step(Buffer.from(text));
  if (step.kind !== 'challenge') return step;
  const end = await exchange.step(Buffer.from('\x01'));
  return { ...end, told: JSON.parse(step.data.toString()) };
}

const SUCCESS = { kind: 'success', account: ANN, data: undefined };
const TOLD = { status: 'invalid_token', schemes: 'bearer' };

test('OAUTHBEARER (RFC 7628 §4)', async () => {
  for (const text of [
    'n,a=ann@example.test,\x01host=mail.example.test\x01port=143\x01auth=Bearer good.token-1\x01\x01',
    'n,,\x01auth=bearer good.token-1\x01\x01',
    'y,a=a=2Cn,\x01auth=Bearer good.token-1\x01\x01',
  ])
    assert.deepEqual(await run(parseOauthBearer, text), SUCCESS, text);
  for (const text of [
    'n,,\x01auth=Bearer other\x01\x01',
    'n,a=bob@example.test,\x01auth=Bearer good.token-1\x01\x01',
  ]) {
    const refused = await run(parseOauthBearer, text);
    assert.equal(refused.kind, 'failure');
    assert.deepEqual(refused.told, TOLD, 'and the client hears of it');
  }
  for (const text of [
    '',
    '\x01',
    'n,,\x01\x01',
    'n,,\x01auth=Bearer good.token-1',
    'p=tls-exporter,,\x01auth=Bearer good.token-1\x01\x01',
    'n,a=a=2,\x01auth=Bearer good.token-1\x01\x01',
    'n,,\x01auth=Basic good.token-1\x01\x01',
    'n,,\x01auth=\x01\x01',
  ]) {
    const malformed = await run(parseOauthBearer, text);
    assert.equal(malformed.kind, 'failure', JSON.stringify(text));
    assert.equal(malformed.told, undefined);
  }
  const exchange = new BearerExchange(check, parseOauthBearer);
  assert.deepEqual(await exchange.step(undefined), { kind: 'challenge', data: Buffer.alloc(0) });
});

test('XOAUTH2', async () => {
  const good = 'user=ann@example.test\x01auth=Bearer good.token-1\x01\x01';
  assert.deepEqual(await run(parseXoauth2, good), SUCCESS);
  for (const text of [good.replace('good', 'x'), good.replace('ann', 'bob')])
    assert.deepEqual((await run(parseXoauth2, text)).told, TOLD);
  for (const text of [
    '',
    'user=\x01auth=Bearer good.token-1\x01\x01',
    'user=ann@example.test\x01\x01',
  ])
    assert.equal((await run(parseXoauth2, text)).kind, 'failure');
});
