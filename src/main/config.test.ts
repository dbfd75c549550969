import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freshDirectory } from '../storage/fresh.conformance.ts';
import { makeConfig, type ServerConfig } from './config.ts';

type Context = Parameters<typeof freshDirectory>[0];

function configOf(t: Context, written: unknown): ServerConfig {
  const configFile = join(freshDirectory(t), 'config.json');
  writeFileSync(configFile, JSON.stringify(written));
  return makeConfig({ dataDir: undefined, configFile, listen: [] });
}

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = publicKey.export({ format: 'jwk' });
const issuer = { issuer: 'https://login.test', audience: 'mail', jwks: { keys: [key] } };

test('imap: limits and what is switched off', (t) => {
  const rule = { client: 'Bad*', capabilities: ['QRESYNC'] };
  const { imap } = configOf(t, { imap: { messageLimit: 1000, disable: [rule] } });
  assert.deepEqual(imap, { messageLimit: 1000, saveLimit: undefined, switchOffs: [rule] });
  const switchOffs = [{ client: 'Microsoft Office 365', capabilities: ['UIDONLY'] }];
  const none = { messageLimit: undefined, saveLimit: undefined, switchOffs };
  assert.deepEqual(configOf(t, {}).imap, none);
});

test('administrators: addresses in the form the directory knows', (t) => {
  assert.deepEqual(configOf(t, {}).administrators, []);
  const administrators = ['Anna@Example.test', 'Jörg@bücher.test'];
  assert.deepEqual(configOf(t, { administrators }).administrators, [
    'anna@example.test',
    'jörg@xn--bcher-kva.test',
  ]);
});

test('oauth: issuers with their keys, from the configuration or a file', (t) => {
  const expected = {
    issuer: 'https://login.test',
    audience: ['mail'],
    mailboxClaim: 'email',
    keys: [key],
  };
  assert.deepEqual(configOf(t, { oauth: [issuer] }).tokenIssuers, [expected]);
  const jwksFile = join(freshDirectory(t), 'keys.json');
  writeFileSync(jwksFile, JSON.stringify({ keys: [key] }));
  const { jwks: _jwks, ...rest } = issuer;
  const other = { ...rest, audience: ['a', 'b'], mailboxClaim: 'upn', jwksFile };
  assert.deepEqual(configOf(t, { oauth: [other] }).tokenIssuers, [
    { ...expected, audience: ['a', 'b'], mailboxClaim: 'upn' },
  ]);
});

test('tls: authorities beside the certificate of one’s own or the one that is made', (t) => {
  const alone = configOf(t, { tls: { clientAuthoritiesFile: 'ca.pem' } });
  assert.deepEqual([alone.tls, alone.clientAuthoritiesFile], [undefined, 'ca.pem']);
  assert.equal(alone.channelBinding, false);
  assert.equal(configOf(t, { tls: { channelBinding: true } }).channelBinding, true);
  const files = { certificateFile: 'a.pem', keyFile: 'a.key' };
  assert.deepEqual(configOf(t, { tls: files }).tls, files);
});

test('what is wrong is refused, and said', (t) => {
  const secret = { kty: 'oct', k: 'c2VjcmV0' };
  const own = privateKey.export({ format: 'jwk' });
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ administrators: ['anna'] }, /"administrators": anna is not an address/],
    [{ imap: { messagelimit: 1000 } }, /imap.*messagelimit/],
    [{ imap: { messageLimit: 10 } }, /"imap.messageLimit".*500/],
    [{ imap: { disable: [{ capabilities: ['IDLE'] }] } }, /client or mailbox/],
    [{ imap: { disable: [{ client: 'x', capabilities: [] }] } }, /capabilities/],
    [
      { imap: { disable: [{ client: 'x', capabilities: ['IMAP4rev1'] }] } },
      /cannot be switched off/,
    ],
    [{ imap: { disable: [{ client: 'x', capabilities: ['A B'] }] } }, /as CAPABILITY names it/],
    [{ oauth: [{ ...issuer, jwks: undefined }] }, /either jwks or jwksFile/],
    [{ oauth: [{ ...issuer, jwksFile: 'x' }] }, /either jwks or jwksFile/],
    [{ oauth: [issuer, issuer] }, /stands here once/],
    [{ oauth: [{ ...issuer, jwks: { keys: [] } }] }, /oauth.0.jwks.keys/],
    [{ oauth: [{ ...issuer, jwks: { keys: [secret] } }] }, /not public/],
    [{ oauth: [{ ...issuer, jwks: { keys: [own] } }] }, /not public/],
    [{ oauth: [{ ...issuer, jwks: { keys: [{ kty: 'EC' }] } }] }, /cannot be used/],
    [{ oauth: [{ ...issuer, jwks: undefined, jwksFile: '/nowhere/x' }] }, /nowhere/],
    [{ oauth: [{ ...issuer, secret: 'x' }] }, /secret/],
    [{ tls: { certificateFile: 'a.pem' } }, /go together/],
  ];
  for (const [written, message] of cases)
    assert.throws(
      () => configOf(t, written),
      { code: 'configuration', message },
      JSON.stringify(written),
    );
});

test('limits: what is not written has its default, a network must be one', (t) => {
  const { clients } = configOf(t, { limits: { newcomers: 5, trusted: ['10.0.0.0/8'] } });
  assert.deepEqual([clients.door.newcomersMax, clients.trusted], [5, ['10.0.0.0/8']]);
  assert.deepEqual(clients.door, { ...configOf(t, {}).clients.door, newcomersMax: 5 });
  assert.deepEqual(configOf(t, {}).clients.trusted, ['127.0.0.0/8', '::1']);
  for (const [limits, message] of [
    [{ trusted: ['example.test'] }, /not a network/],
    [{ connections: 0 }, /limits.connections/],
    [{ conections: 1 }, /conections/],
  ] as const)
    assert.throws(() => configOf(t, { limits }), { code: 'configuration', message });
});
