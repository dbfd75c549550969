import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { TestClock } from '#kernel';
import { type TokenIssuer, Tokens } from './tokens.ts';

const ISSUER = 'https://login.example.test';
const AUDIENCE = 'mail';
const clock = new TestClock();
const NOW_SECONDS = Math.floor(clock.now() / 1000);

interface Signer {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

let signer: Signer;
let second: Signer;
let tokens: Tokens;
before(async () => {
  signer = await generateKeyPair('ES256');
  second = await generateKeyPair('ES256');
  const issuer: TokenIssuer = {
    issuer: ISSUER,
    audience: [AUDIENCE, 'imap'],
    keys: [
      { ...(await exportJWK(signer.publicKey)), kid: 'one' },
      { ...(await exportJWK(second.publicKey)), kid: 'two' },
    ],
    mailboxClaim: 'email',
  };
  tokens = new Tokens(
    [issuer, { ...issuer, issuer: 'https://other.test', mailboxClaim: 'upn' }],
    clock,
  );
});

/** A token that is right but for what is given. */
function token(
  claims: Readonly<Record<string, unknown>> = {},
  { key = signer, kid = 'one' } = {},
): Promise<string> {
  const all = {
    iss: ISSUER,
    aud: AUDIENCE,
    exp: NOW_SECONDS + 300,
    email: 'ann@example.test',
    ...claims,
  };
  const header = { alg: 'ES256', ...(kid === '' ? {} : { kid }) };
  return new SignJWT(all).setProtectedHeader(header).sign(key.privateKey);
}

const ANN = { address: 'ann@example.test' };

test('a token names its mailbox by the claim that is set up for its issuer', async () => {
  assert.equal(tokens.taken, true);
  assert.equal(new Tokens([], clock).taken, false);
  assert.deepEqual(await tokens.verify(await token()), ANN);
  assert.deepEqual(await tokens.verify(await token({ aud: ['web', 'imap'] })), ANN);
  assert.deepEqual(await tokens.verify(await token({ email_verified: true })), ANN);
  const other = await token({ iss: 'https://other.test', upn: 'bob@example.test' });
  assert.deepEqual(await tokens.verify(other), { address: 'bob@example.test' });
});

test('a token that names no key is tried with each', async () => {
  const unnamed = { kid: '' };
  assert.deepEqual(await tokens.verify(await token({}, { ...unnamed, key: second })), ANN);
  const strange = await generateKeyPair('ES256');
  assert.ok('reason' in (await tokens.verify(await token({}, { ...unnamed, key: strange }))));
});

test('whatever is wrong with a token, it is not taken', async () => {
  const right = await token();
  const [header, claims, signature] = right.split('.') as [string, string, string];
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(signer.publicKey)));
  const shared = await new SignJWT({
    iss: ISSUER,
    aud: AUDIENCE,
    exp: NOW_SECONDS + 300,
    ...{ email: 'ann@example.test' },
  })
    .setProtectedHeader({ alg: 'HS256', kid: 'one' })
    .sign(secret);
  const cases: readonly (readonly [string, string])[] = [
    ['nonsense', 'nonsense'],
    ['empty', ''],
    ['unsigned', `${none}.${claims}.`],
    ['without its signature', `${header}.${claims}.`],
    ['with other claims', `${header}.${claims.slice(0, -4)}AAAA.${signature}`],
    ['signed with a secret', shared],
    ['signed by another key', await token({}, { key: second })],
    ['of another issuer', await token({ iss: 'https://evil.test' })],
    ['for somebody else', await token({ aud: 'web' })],
    ['expired', await token({ exp: NOW_SECONDS - 60 })],
    ['not valid yet', await token({ nbf: NOW_SECONDS + 60 })],
    ['without an end', await token({ exp: undefined })],
    ['without an audience', await token({ aud: undefined })],
    ['without an address', await token({ email: undefined })],
    ['with what is no address', await token({ email: 'ann' })],
    ['with a list of addresses', await token({ email: ['ann@example.test'] })],
    ['with an address that nobody verified', await token({ email_verified: false })],
  ];
  for (const [what, each] of cases) {
    const verified = await tokens.verify(each);
    assert.ok('reason' in verified, `a token ${what} was taken`);
  }
});

test('a token holds until its end and half a minute more', async () => {
  const short = await token({ exp: NOW_SECONDS + 10 });
  clock.advance(39_000);
  assert.deepEqual(await tokens.verify(short), ANN);
  clock.advance(2_000);
  assert.ok('reason' in (await tokens.verify(short)));
});
