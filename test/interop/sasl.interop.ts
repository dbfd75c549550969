import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type SaslHouse, startSaslServer, USER } from '../sasl-house.ts';
import { PASSWORD, TestDirectory } from '../server.ts';
import { missing, runOk, sayVersion } from './program.ts';

describe('SASL with real clients', () => {
  const directory = new TestDirectory();
  let house: SaslHouse;
  let certificate: readonly string[];

  before(async () => {
    house = await startSaslServer(directory, ['imap', 'imaps', 'pop3s', 'submission']);
    const { cert, key } = await house.authority.issue('ann', [USER]);
    const [certFile, keyFile] = ['ann.pem', 'ann.key'].map((name) => join(directory.root, name));
    writeFileSync(certFile!, cert);
    writeFileSync(keyFile!, key);
    certificate = ['--cert', certFile!, '--key', keyFile!];
  });
  after(async () => {
    await house.server.stop();
    directory[Symbol.dispose]();
  });

  test('GNU SASL: SCRAM-SHA-256-PLUS, and SCRAM-SHA-256 of a client that cannot bind', {
    skip: missing('gsasl'),
  }, async (t) => {
    sayVersion(t, 'gsasl');
    for (const [protocol, listener] of [
      ['imap', 'imap'],
      ['smtp', 'submission'],
    ] as const)
      for (const how of [
        ['--mechanism', 'SCRAM-SHA-256-PLUS'],
        ['--mechanism', 'SCRAM-SHA-256', '--no-cb'],
      ]) {
        const { out, err } = await runOk('gsasl', [
          ...[`--${protocol}`, '--connect', `localhost:${house.server.port(listener)}`],
          ...['--authentication-id', USER, '--password', PASSWORD, ...how],
          ...['--x509-ca-file', house.authorityFile, '--hostname', 'localhost'],
          ...['--service', protocol],
        ]);
        assert.match(err, /The certificate is trusted/);
        assert.match(out + err, /Client authentication finished \(server trusted\)/, how.join(' '));
      }
  });

  test('curl: OAUTHBEARER and EXTERNAL', { skip: missing('curl') }, async (t) => {
    sayVersion(t, 'curl');
    const token = await house.sign({});
    for (const listener of ['imaps', 'pop3s'] as const)
      for (const [mechanism, how] of [
        ['OAUTHBEARER', ['--user', USER, '--oauth2-bearer', token]],
        ['EXTERNAL', ['--user', `${USER}:`, ...certificate]],
      ] as const) {
        const { err } = await runOk('curl', [
          ...['--insecure', '--verbose', '--max-time', '30', ...how],
          ...['--login-options', `AUTH=${mechanism}`],
          `${listener}://127.0.0.1:${house.server.port(listener)}/`,
        ]);
        assert.match(err, new RegExp(`> .*AUTH\\S* ${mechanism}`), `${listener} ${mechanism}`);
      }
  });
});
