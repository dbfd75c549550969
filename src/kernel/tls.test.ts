import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { before, describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { Connection, listen, serverContext, type TlsIdentity } from '#kernel';
import { makeAuthority, type TestAuthority } from '../../test/authority.ts';
import { connectPair } from './connection.conformance.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 20_000 };

let authority: TestAuthority;
let stranger: TestAuthority;
let identity: TlsIdentity;
before(async () => {
  authority = await makeAuthority();
  stranger = await makeAuthority();
  const server = await authority.issue('mail.example.test', []);
  identity = { ...server, clientAuthorities: authority.cert };
});

type Context = Parameters<typeof connectPair>[0];
type Both = readonly [connection: Connection, client: TLSSocket];

/** A connection under TLS from its first byte. */
async function implicit(t: Context, tls: TlsIdentity, options: ConnectionOptions): Promise<Both> {
  const accepted = Promise.withResolvers<Socket>();
  const onConnection = accepted.resolve;
  const where = { name: 'test', host: '127.0.0.1', port: 0, shared: false };
  const listener = await listen({ ...where, tls: serverContext(tls), onConnection });
  const client = connect({ ...options, port: listener.port, rejectUnauthorized: false });
  client.on('error', () => {});
  const socket = await accepted.promise;
  listener.close();
  const connection = new Connection(socket, { owner: 'test 1', idleTimeoutMs: 60_000 });
  t.after(() => {
    connection.destroy();
    client.destroy();
  });
  return [connection, client];
}

/** A connection that went on to TLS. */
async function upgraded(t: Context, tls: TlsIdentity, options: ConnectionOptions): Promise<Both> {
  const { connection, peer } = await connectPair(t);
  const done = connection.startTls(serverContext(tls));
  const client = connect({ ...options, socket: peer, rejectUnauthorized: false });
  client.on('error', () => {});
  await Promise.all([done, once(client, 'secureConnect')]);
  return [connection, client];
}

for (const [way, open] of [
  ['TLS from the first byte', implicit],
  ['STARTTLS', upgraded],
] as const)
  describe(way, LIMIT, () => {
    test('both ends have the same channel bindings, each connection its own', async (t) => {
      const [connection, client] = await open(t, identity, {});
      if (client.getProtocol() === null) await once(client, 'secureConnect');
      const exported = connection.channelBinding('tls-exporter');
      assert.equal(exported?.length, 32);
      const label = 'EXPORTER-Channel-Binding';
      assert.deepEqual(client.exportKeyingMaterial(32, label, Buffer.alloc(0)), exported);
      const [other] = await open(t, identity, {});
      assert.notDeepEqual(other.channelBinding('tls-exporter'), exported);
      const { raw } = new X509Certificate(identity.cert);
      const endPoint = createHash('sha256').update(raw).digest();
      assert.deepEqual(connection.channelBinding('tls-server-end-point'), endPoint);
      connection.destroy();
      assert.equal(connection.channelBinding('tls-exporter'), undefined);
    });

    test('before TLS 1.3 there is no tls-exporter', async (t) => {
      const [connection] = await open(t, identity, { maxVersion: 'TLSv1.2' });
      assert.equal(connection.channelBinding('tls-exporter'), undefined);
      assert.equal(connection.channelBinding('tls-server-end-point')?.length, 32);
    });

    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const)
      test(`${maxVersion}: only a certificate of a trusted authority counts`, async (t) => {
        const mine = await authority.issue('ann', ['ann@example.test']);
        const [trusted] = await open(t, identity, { ...mine, maxVersion });
        assert.equal(trusted.clientCertificate?.subjectAltName, 'email:ann@example.test');
        const forged = await stranger.issue('ann', ['ann@example.test']);
        const expired = await authority.issue('ann', ['ann@example.test'], -1);
        for (const options of [forged, expired, {}]) {
          const [untrusted] = await open(t, identity, { ...options, maxVersion });
          assert.equal(untrusted.clientCertificate, undefined);
          assert.equal(untrusted.secure, true);
        }
      });

    test('where no authority is named no certificate is asked for', async (t) => {
      const mine = await authority.issue('ann', ['ann@example.test']);
      const { cert, key } = identity;
      const [connection] = await open(t, { cert, key }, mine);
      assert.equal(connection.clientCertificate, undefined);
    });
  });

test('a session that is resumed counts as the one it resumes', LIMIT, async (t) => {
  const context = serverContext(identity);
  const open = async (options: ConnectionOptions): Promise<Both> => {
    const { connection, peer } = await connectPair(t);
    const done = connection.startTls(context);
    const client = connect({ ...options, socket: peer, rejectUnauthorized: false });
    await Promise.all([done, once(client, 'secureConnect')]);
    return [connection, client];
  };
  for (const [issuer, address] of [
    [authority, 'email:ann@example.test'],
    [stranger, undefined],
    [undefined, undefined],
  ] as const) {
    const mine = await issuer?.issue('ann', ['ann@example.test']);
    const [first, client] = await open({ ...mine });
    const ticket = once(client, 'session') as Promise<[Buffer]>;
    first.write('* OK\r\n');
    client.resume();
    const [session] = await ticket;
    const [resumed, again] = await open({ session });
    assert.equal(again.isSessionReused(), true);
    assert.equal(resumed.clientCertificate?.subjectAltName, address);
  }
});

test('a plain connection has no bindings and no certificate', LIMIT, async (t) => {
  const { connection } = await connectPair(t);
  assert.equal(connection.channelBinding('tls-exporter'), undefined);
  assert.equal(connection.clientCertificate, undefined);
});
