import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fill, mail, PASSWORD, stand, USER } from './stand.test.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 60_000 };

function tokens(completion: { readonly untagged: readonly unknown[] }): readonly string[] {
  const found = completion.untagged as { type: string; capabilities: readonly string[] }[];
  return found.find(({ type }) => type === 'CAPABILITY')!.capabilities;
}

test(
  'COMPRESS: literals both ways, pushes in IDLE at once, LOGOUT (RFC 4978)',
  LIMIT,
  async (t) => {
    const { open } = await stand(t);
    const client = await open('SELECT INBOX');
    assert.ok(tokens(await client.ok('CAPABILITY')).includes('COMPRESS=DEFLATE'));
    await client.compress();
    assert.ok(!tokens(await client.ok('CAPABILITY')).includes('COMPRESS=DEFLATE'));
    const large = mail('large', 'a line of text\r\n'.repeat(100_000));
    assert.equal((await client.append('INBOX', large)).status, 'OK');
    await fill(client, 3);
    const fetched = await client.fetch('1:4', '(BODY.PEEK[] FLAGS)');
    assert.ok(large.equals(fetched[0]!.items.get('BODY[]') as Buffer));
    const idle = await client.idle();
    const actor = await open();
    await actor.append('INBOX', mail('pushed'));
    await idle.waitFor((data) => data.type === 'EXISTS' && data.count === 5, 'EXISTS');
    assert.equal((await idle.done()).status, 'OK');
    const bye = await client.command('LOGOUT');
    assert.equal(bye.status, 'OK');
    await client.closed();
  },
);

test(
  'COMPRESS is refused: twice, unknown, before the login, with something behind it',
  LIMIT,
  async (t) => {
    const { connect, open } = await stand(t);
    const stranger = await connect();
    assert.equal((await stranger.command('COMPRESS DEFLATE')).status, 'BAD');
    const client = await open();
    assert.equal((await client.command('COMPRESS LZW')).status, 'NO');
    assert.equal((await client.command('COMPRESS')).status, 'BAD');
    client.send('a COMPRESS DEFLATE\r\nb NOOP\r\n');
    assert.equal((await client.completion('a')).status, 'BAD');
    assert.equal((await client.completion('b')).status, 'OK');
    await client.compress();
    const again = await client.command('COMPRESS DEFLATE');
    assert.deepEqual([again.status, again.code], ['NO', 'COMPRESSIONACTIVE']);
  },
);

test('COMPRESS over TLS: the bytes are compressed, then encrypted', LIMIT, async (t) => {
  const { connect } = await stand(t, { tls: true });
  const client = await connect();
  await client.startTls();
  await client.login(USER, PASSWORD);
  await client.compress();
  await fill(client, 2);
  await client.ok('SELECT INBOX');
  assert.equal((await client.fetch('1:2', 'BODY.PEEK[]')).length, 2);
});

test('a server that stops says so through the compression', LIMIT, async (t) => {
  const { open, server } = await stand(t);
  const client = await open('SELECT INBOX');
  await client.compress();
  const idle = await client.idle();
  const stopped = server.stop(5000);
  const bye = await idle.next();
  assert.ok(bye.type === 'STATUS-RESPONSE');
  assert.deepEqual([bye.condition, bye.code], ['BYE', 'UNAVAILABLE']);
  await Promise.all([client.closed(), stopped]);
});

test('many commands in a few bytes are answered as their answers are taken', LIMIT, async (t) => {
  const { open } = await stand(t);
  const client = await open();
  await client.compress();
  const count = 100_000;
  client.send('a NOOP\r\n'.repeat(count - 1));
  client.send('z NOOP\r\n');
  for (let n = 1; n < count; n++) assert.equal((await client.completion('a')).status, 'OK');
  assert.equal((await client.completion('z')).status, 'OK');
});

test('what cannot be inflated ends the session', LIMIT, async (t) => {
  const { open, server } = await stand(t);
  const client = await open();
  await client.ok('COMPRESS DEFLATE');
  client.send('b NOOP in the clear\r\n'.repeat(20));
  await client.closed();
  await server.stop(0);
  assert.equal(server.sessions, 0);
});

/** The imaplib of Python with its socket wrapped: a client that shares no code with this server. */
const PYTHON = `
import imaplib, sys, zlib
class Deflated(imaplib.IMAP4):
    def deflate(self):
        imaplib.Commands['COMPRESS'] = ('AUTH', 'SELECTED')
        assert self._simple_command('COMPRESS', 'DEFLATE')[0] == 'OK'
        packer, unpacker = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)
        sock, pending = self.sock, [b'']
        def more():
            data = sock.recv(4096)
            assert data, 'the server closed'
            pending[0] += unpacker.decompress(data)
        def read(size):
            while len(pending[0]) < size: more()
            got, pending[0] = pending[0][:size], pending[0][size:]
            return got
        def readline():
            while b'\\n' not in pending[0]: more()
            return read(pending[0].index(b'\\n') + 1)
        self.read, self.readline = read, readline
        self.send = lambda data: sock.sendall(packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))
port, user, password = sys.argv[1:]
m = Deflated('127.0.0.1', int(port))
m.login(user, password)
m.deflate()
body = b'Subject: x\\r\\n\\r\\n' + b'a line of text\\r\\n' * 20000
assert m.append('INBOX', None, None, body)[0] == 'OK'
assert m.select('INBOX')[1] == [b'1']
got = m.fetch('1', '(BODY.PEEK[])')[1][0][1]
assert got == body, len(got)
assert m.logout()[0] == 'BYE'
print('all came back')
`;

const skip = spawnSync('python3', ['-c', 'import imaplib']).status === 0 ? false : 'no python3';

test('imaplib with zlib talks to it', { ...LIMIT, skip }, async (t) => {
  const { port } = await stand(t);
  const { promise, resolve } = Promise.withResolvers<string>();
  const { execFile } = await import('node:child_process');
  execFile('python3', ['-c', PYTHON, `${port}`, USER, PASSWORD], (error, out, err) =>
    resolve(error === null ? out : err),
  );
  assert.equal(await promise, 'all came back\n');
});
