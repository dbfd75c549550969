import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { describe, test } from 'node:test';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { Connection, listen, probeAddresses, waits } from '#kernel';
import { selfSignedCertificate } from '../main/certificate.ts';
import { freshDirectory } from '../storage/fresh.conformance.ts';
import { connectPair, type Pair, readBytes, received, until } from './connection.conformance.ts';

type Context = Parameters<typeof freshDirectory>[0];

async function upgrade(t: Context, { connection, peer }: Pair): Promise<TLSSocket> {
  const certificate = await selfSignedCertificate(freshDirectory(t), 'mail.example.test');
  const upgraded = connection.startTls(createSecureContext({ ...certificate }));
  const secure = connect({ socket: peer, rejectUnauthorized: false });
  secure.on('error', () => {});
  await Promise.all([upgraded, once(secure, 'secureConnect')]);
  return secure;
}

/** A hang is a failure. */
const LIMIT = { timeout: 20_000 };

describe('startTls', LIMIT, () => {
  test('goes on in TLS, both ways, and keeps the order of what was written before', async (t) => {
    const pair = await connectPair(t);
    const { connection, peer } = pair;
    assert.equal(connection.secure, false);
    assert.equal(connection.tls, undefined);
    const clear = once(peer, 'data');
    connection.write('220 go ahead\r\n');
    connection.flush();
    assert.equal(String((await clear)[0]), '220 go ahead\r\n');
    const secure = await upgrade(t, pair);
    assert.equal(connection.secure, true);
    assert.match(connection.tls!.version, /^TLSv1\.[23]$/);
    assert.match(connection.tls!.cipher, /^[A-Z0-9_-]+$/);
    secure.write('EHLO');
    assert.equal((await readBytes(connection, 4)).toString(), 'EHLO');
    const got = received(secure);
    const large = Buffer.alloc(3_000_000, 'tls ');
    connection.write(large);
    await connection.drained();
    connection.write('done');
    connection.end();
    assert.ok((await got).equals(Buffer.concat([large, Buffer.from('done')])));
  });

  // RFC 3207 §4.2: what the client sent ahead in the clear must not be taken for its secured commands.
  test('drops what was sent ahead in the clear', async (t) => {
    const pair = await connectPair(t);
    const { connection, peer } = pair;
    peer.write('STARTTLS\r\n');
    assert.equal((await connection.read())?.toString(), 'STARTTLS\r\n');
    peer.write('MAIL FROM:<injected@evil.test>\r\n');
    await until(() => connection.hasInput);
    const secure = await upgrade(t, pair);
    assert.equal(connection.hasInput, false);
    secure.write('QUIT');
    assert.equal((await connection.read())?.toString(), 'QUIT');
  });

  test('the end and the loss of the peer are seen through TLS', async (t) => {
    const pair = await connectPair(t);
    const secure = await upgrade(t, pair);
    secure.end('x');
    assert.equal((await readBytes(pair.connection, 9)).toString(), 'x');
    assert.equal(await pair.connection.read(), undefined);
    const other = await connectPair(t);
    let closes = 0;
    other.connection.onClose(() => closes++);
    const lost = await upgrade(t, other);
    const waiting = other.connection.read();
    lost.destroy();
    assert.equal(await waiting, undefined);
    other.connection.end();
    await until(() => other.connection.closed);
    assert.equal(closes, 1);
  });

  for (const [what, act] of [
    ['speaks no TLS', (pair: Pair) => void pair.peer.write('EHLO plain.test\r\n'.repeat(20))],
    ['goes away', (pair: Pair) => void pair.peer.destroy()],
    ['breaks off', (pair: Pair) => void pair.peer.resetAndDestroy()],
  ] as const)
    test(`a peer that ${what} in the handshake closes the connection`, async (t) => {
      const pair = await connectPair(t, { owner: `test ${what}` });
      const certificate = await selfSignedCertificate(freshDirectory(t), 'mail.example.test');
      let closes = 0;
      pair.connection.onClose(() => closes++);
      const upgraded = pair.connection.startTls(createSecureContext({ ...certificate }));
      act(pair);
      await assert.rejects(upgraded, { code: 'connection-closed' });
      assert.equal(pair.connection.closed, true);
      assert.equal(closes, 1);
      assert.equal(await pair.connection.read(), undefined);
      assert.deepEqual(
        waits.list().filter(({ owner }) => owner === `test ${what}`),
        [],
      );
    });
});

describe('listen', LIMIT, () => {
  test('half a handshake is a wait with a name, and given up; who goes away in it leaves nothing', async (t) => {
    const certificate = await selfSignedCertificate(freshDirectory(t), 'mail.example.test');
    const listener = await listen({
      name: 'imaps',
      host: '127.0.0.1',
      port: 0,
      shared: false,
      tls: createSecureContext(certificate),
      handshakeTimeoutMs: 1,
      onConnection: () => assert.fail('nobody gets through'),
    });
    t.after(() => listener.close());
    const mine = (): number =>
      waits
        .list()
        .filter(({ name, owner }) => name.includes('handshake') && owner.startsWith('imaps'))
        .length;
    for (const parting of ['end', 'resetAndDestroy', 'none'] as const) {
      const peer = connectTcp(listener.port, '127.0.0.1');
      peer.on('error', () => {});
      peer.resume();
      // The beginning of a ClientHello.
      peer.write(Buffer.from('1603010200010001fc0303', 'hex'));
      await until(() => mine() === 1);
      const closed = once(peer, 'close');
      if (parting === 'none') {
        await until(() => {
          waits.expireOverdue();
          return mine() === 0;
        });
      } else peer[parting]();
      await until(() => mine() === 0);
      await closed;
    }
  });

  test('implicit TLS hands over secured sockets', async (t) => {
    const certificate = await selfSignedCertificate(freshDirectory(t), 'mail.example.test');
    const accepted = Promise.withResolvers<Connection>();
    const listener = await listen({
      name: 'imaps',
      host: '127.0.0.1',
      port: 0,
      shared: false,
      tls: createSecureContext(certificate),
      onConnection: (socket) =>
        accepted.resolve(new Connection(socket, { owner: 'imaps 1', idleTimeoutMs: 60_000 })),
    });
    t.after(() => listener.close());
    // One that speaks no TLS is its own affair.
    const plain = connectTcp(listener.port, '127.0.0.1');
    plain.on('error', () => {});
    plain.end('hello\r\n');
    const client = connect({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false });
    t.after(() => client.destroy());
    client.write('secret');
    const connection = await accepted.promise;
    t.after(() => connection.destroy());
    assert.equal(connection.secure, true);
    assert.equal((await readBytes(connection, 6)).toString(), 'secret');
  });

  test('a taken port is refused with its name and what to do', async (t) => {
    const taken = await listen({
      name: 'first',
      host: '127.0.0.1',
      port: 0,
      shared: false,
      onConnection: (socket) => socket.destroy(),
    });
    t.after(() => taken.close());
    const text = new RegExp(`smtp on 127\\.0\\.0\\.1:${taken.port}.*taken.*--listen smtp=`);
    const probe = probeAddresses([{ name: 'smtp', host: '127.0.0.1', port: taken.port }]);
    await assert.rejects(probe, { code: 'configuration', message: text });
    const elsewhere = probeAddresses([{ name: 'smtp', host: '203.0.113.77', port: 0 }]);
    await assert.rejects(elsewhere, { code: 'configuration', message: /does not belong/ });
  });

  test('every listener has an address of its own', async () => {
    const anyPort = { host: '127.0.0.1', port: 0 };
    const many = Array.from({ length: 500 }, (_, i) => ({ name: `l${i}`, ...anyPort }));
    const ports = await probeAddresses(many);
    assert.equal(new Set(ports).size, many.length);
    // All are free again.
    const [port] = await probeAddresses([{ name: 'imap', host: '127.0.0.1', port: ports[0]! }]);
    assert.equal(port, ports[0]);
    const twice = ['imap', 'pop3'].map((name) => ({ name, host: '127.0.0.1', port: port! }));
    await assert.rejects(probeAddresses(twice), {
      code: 'configuration',
      message: /imap and pop3 cannot both listen on 127\.0\.0\.1:\d+.*--listen pop3=/,
    });
  });
});
