/** The mechanisms of SASL over the whole server: the same in IMAP, POP3 and submission, offered where they can be used. */
import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { type Credentials, makeAuthority, type TestAuthority } from './authority.ts';
import { type SaslHouse, startSaslServer, USER } from './sasl-house.ts';
import { PASSWORD, TestDirectory, type TestServer } from './server.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 120_000 };

/** How a protocol wraps an exchange. */
interface Dialect {
  readonly listener: 'imaps' | 'pop3s' | 'submissions';
  /** Sent before anything else. */
  readonly hello: string;
  readonly start: (mechanism: string) => string;
  readonly challenge: RegExp;
  readonly success: RegExp;
  /** The line or lines that name the mechanisms. */
  readonly offers: { readonly ask: string; readonly end: RegExp; readonly names: RegExp };
}

const DIALECTS: readonly Dialect[] = [
  {
    listener: 'imaps',
    hello: '',
    start: (mechanism) => `a AUTHENTICATE ${mechanism}`,
    challenge: /^\+ (.*)$/,
    success: /^a OK /,
    offers: { ask: 'c CAPABILITY', end: /^c OK/, names: /AUTH=(\S+)/g },
  },
  {
    listener: 'pop3s',
    hello: '',
    start: (mechanism) => `AUTH ${mechanism}`,
    challenge: /^\+ (.*)$/,
    success: /^\+OK /,
    offers: { ask: 'CAPA', end: /^\.$/, names: /(?<=^SASL .*)\b(\S+)/gm },
  },
  {
    listener: 'submissions',
    hello: 'EHLO client.example.test',
    start: (mechanism) => `AUTH ${mechanism}`,
    challenge: /^334 (.*)$/,
    success: /^235 /,
    offers: { ask: 'EHLO client.example.test', end: /^250 /, names: /(?<=^250-AUTH .*)\b(\S+)/gm },
  },
];

/** The client's answers, one for each challenge; the first one is empty. */
type Respond = (challenge: Buffer) => Buffer | string;

class Client {
  readonly socket: TLSSocket;
  readonly #dialect: Dialect;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: TLSSocket, dialect: Dialect) {
    this.socket = socket;
    this.#dialect = dialect;
    this.#lines = linesOf(socket);
  }

  static async open(
    server: TestServer,
    dialect: Dialect,
    credentials?: Credentials,
  ): Promise<Client> {
    const port = server.port(dialect.listener);
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...credentials });
    await once(socket, 'secureConnect');
    const client = new Client(socket, dialect);
    await client.line();
    if (dialect.hello !== '') await client.ask(dialect.hello, dialect.offers.end);
    return client;
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    assert.ok(done !== true, 'the server closed the connection');
    return value;
  }

  async ask(line: string, end: RegExp): Promise<string> {
    this.socket.write(`${line}\r\n`);
    const lines: string[] = [];
    do lines.push(await this.line());
    while (!end.test(lines.at(-1)!));
    return lines.join('\n');
  }

  async offers(): Promise<readonly string[]> {
    const { ask, end, names } = this.#dialect.offers;
    return [...(await this.ask(ask, end)).matchAll(names)].map((match) => match[1]!);
  }

  /** Sends all of an exchange in one line; gives whether it succeeded. */
  async authenticateAtOnce(mechanism: string, message: string): Promise<boolean> {
    const { start, success } = this.#dialect;
    const initial = Buffer.from(message).toString('base64');
    return success.test(await this.ask(`${start(mechanism)} ${initial}`, /^/));
  }

  /** Goes through an exchange; gives whether it succeeded. */
  async authenticate(mechanism: string, respond: Respond): Promise<boolean> {
    let line = await this.ask(this.#dialect.start(mechanism), /./);
    for (;;) {
      const challenge = this.#dialect.challenge.exec(`${line}`.padEnd(2));
      if (challenge === null || this.#dialect.success.test(line)) break;
      const response = respond(Buffer.from(challenge[1]!, 'base64'));
      line = await this.ask(Buffer.from(response).toString('base64'), /^/);
    }
    return this.#dialect.success.test(line);
  }
}

async function* linesOf(socket: TLSSocket): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of socket) {
    const lines = (rest + (chunk as Buffer).toString('latin1')).split('\r\n');
    rest = lines.pop()!;
    // IMAP's capabilities after the login are of no interest.
    yield* lines;
  }
}

const hmac = (key: Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/** A SCRAM client that says `flag` and sends `cbind` as the channel's binding. */
function scram(flag: string, cbind: Buffer = Buffer.alloc(0)): Respond {
  const gs2 = `${flag},,`;
  const bare = `n=${USER},r=clientnonce`;
  let expected: string | undefined;
  return (challenge) => {
    const text = challenge.toString();
    if (text === '') return `${gs2}${bare}`;
    if (expected !== undefined) {
      assert.equal(text, expected, 'the server proves that it knows the password too');
      return '';
    }
    const [, nonce, salt, count] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(text)!;
    const bound = Buffer.concat([Buffer.from(gs2), cbind]).toString('base64');
    const without = `c=${bound},r=${nonce}`;
    const message = `${bare},${text},${without}`;
    const salted = pbkdf2Sync(PASSWORD, Buffer.from(salt!, 'base64'), Number(count), 32, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), message);
    expected = `v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`;
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!));
    return `${without},p=${proof.toString('base64')}`;
  };
}

function exporter(client: Client): Buffer {
  return client.socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
}

describe('SASL', LIMIT, () => {
  const directory = new TestDirectory();
  let server: TestServer;
  let authority: TestAuthority;
  let sign: SaslHouse['sign'];

  before(async () => {
    const house = await startSaslServer(directory, ['imaps', 'pop3s', 'submissions', 'imap']);
    ({ server, authority, sign } = house);
  });
  after(async () => {
    await server.stop();
    directory[Symbol.dispose]();
  });

  for (const dialect of DIALECTS)
    describe(dialect.listener, () => {
      const open = (credentials?: Credentials) => Client.open(server, dialect, credentials);

      test('what is offered depends on the channel', async () => {
        const usual = [
          'SCRAM-SHA-256-PLUS',
          'SCRAM-SHA-256',
          'OAUTHBEARER',
          'XOAUTH2',
          'PLAIN',
          'LOGIN',
        ];
        assert.deepEqual(await (await open()).offers(), usual);
        const known = await open(await authority.issue('ann', [USER]));
        assert.deepEqual(await known.offers(), ['EXTERNAL', ...usual]);
      });

      test('SCRAM-SHA-256-PLUS, bound to the connection or to the server', async () => {
        const one = await open();
        const exported = exporter(one);
        assert.ok(await one.authenticate('SCRAM-SHA-256-PLUS', scram('p=tls-exporter', exported)));
        const two = await open();
        const { raw } = new X509Certificate(two.socket.getPeerX509Certificate()!.raw);
        const endPoint = createHash('sha256').update(raw).digest();
        assert.ok(
          await two.authenticate('SCRAM-SHA-256-PLUS', scram('p=tls-server-end-point', endPoint)),
        );
        const relayed = await open();
        const other = exporter(await open());
        assert.ok(
          !(await relayed.authenticate('SCRAM-SHA-256-PLUS', scram('p=tls-exporter', other))),
          'what was said on another connection counts for nothing here',
        );
      });

      test('SCRAM-SHA-256 goes on as it was, but for a client that was deceived', async () => {
        assert.ok(await (await open()).authenticate('SCRAM-SHA-256', scram('n')));
        assert.ok(!(await (await open()).authenticate('SCRAM-SHA-256', scram('y'))));
      });

      test('EXTERNAL: the certificate says who it is', async () => {
        const mine = await authority.issue('ann', ['unknown@elsewhere.test', USER]);
        assert.ok(await (await open(mine)).authenticate('EXTERNAL', () => ''));
        assert.ok(await (await open(mine)).authenticate('EXTERNAL', () => USER));
        const others: readonly (readonly [Credentials | undefined, string])[] = [
          [mine, 'm1@example.test'],
          [await authority.issue('ann', ['unknown@example.test']), ''],
          [await authority.issue('ann', []), ''],
          [await (await makeAuthority()).issue('ann', [USER]), ''],
          [undefined, USER],
        ];
        // At once, because the answer to each is held back.
        const outcomes = others.map(async ([credentials, identity]) =>
          (await open(credentials)).authenticate('EXTERNAL', () => identity),
        );
        assert.deepEqual(new Set(await Promise.all(outcomes)), new Set([false]));
      });

      test('OAUTHBEARER and XOAUTH2: the issuer says who it is', async () => {
        const right = await sign({});
        const bearer = (token: string) => `n,a=${USER},\x01auth=Bearer ${token}\x01\x01`;
        const xoauth2 = (token: string) => `user=${USER}\x01auth=Bearer ${token}\x01\x01`;
        for (const [mechanism, message] of [
          ['OAUTHBEARER', bearer],
          ['XOAUTH2', xoauth2],
        ] as const) {
          assert.ok(await (await open()).authenticate(mechanism, () => message(right)), mechanism);
          assert.ok(await (await open()).authenticateAtOnce(mechanism, message(right)), mechanism);
          const wrong = [{ aud: 'web' }, { email: 'm1@example.test' }, { iss: 'https://x.test' }];
          const refusals = wrong.map(async (claims) => {
            const token = await sign(claims);
            const told: unknown[] = [];
            const accepted = await (await open()).authenticate(mechanism, (challenge) => {
              if (challenge.length === 0) return message(token);
              told.push(JSON.parse(challenge.toString()));
              return '\x01';
            });
            assert.equal(accepted, false);
            assert.deepEqual(told, [{ status: 'invalid_token', schemes: 'bearer' }]);
          });
          await Promise.all(refusals);
        }
      });
    });

  test('STARTTLS asks for a certificate as well', async () => {
    const { connect: connectTcp } = await import('node:net');
    const plain = connectTcp({ port: server.port('imap'), host: '127.0.0.1' });
    await once(plain, 'data');
    plain.write('a STARTTLS\r\n');
    await once(plain, 'data');
    const mine = await authority.issue('ann', [USER]);
    const socket = connect({ socket: plain, rejectUnauthorized: false, ...mine });
    await once(socket, 'secureConnect');
    socket.write('b AUTHENTICATE EXTERNAL =\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^b OK /);
    socket.destroy();
  });
});
