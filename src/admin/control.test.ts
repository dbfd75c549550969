import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Directory } from '#directory';
import { isPosthornError, PosthornError, silentLogger, systemClock } from '#kernel';
import { Store } from '#store';
import { freshDirectory, openIn } from '../storage/fresh.conformance.ts';
import type { AdminContext, Progress, ServerStatus } from './context.ts';
import { ControlServer } from './control.ts';
import { callVerb } from './control-client.ts';
import { controlPath } from './control-path.ts';
import { runVerb } from './verbs.ts';

const STATUS: ServerStatus = {
  pid: 1,
  version: '0',
  startedAtMs: 2,
  uptimeMs: 3,
  listeners: [{ name: 'imap', address: '127.0.0.1:2143' }],
  counts: { messages: 4 },
  sessions: { imap: 5 },
  newcomers: 0,
  watches: 0,
  waits: [],
  metrics: {},
};

interface Server {
  readonly dir: string;
  readonly context: AdminContext;
  readonly control: ControlServer;
  stops: number;
}

async function serve(t: TestContext, below = 'data'): Promise<Server> {
  const dir = join(
    freshDirectory(t, async () => {
      await control.close();
      store[Symbol.dispose]();
      await engine[Symbol.asyncDispose]();
    }),
    below,
  );
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const engine = await openIn(dir, systemClock);
  const store = new Store(engine, silentLogger);
  const directory = new Directory(engine, { clock: systemClock });
  const stopped = { stops: 0 };
  const host = { status: async () => STATUS, stop: () => void stopped.stops++ };
  // Moves are tested where they are made.
  const move = () => Promise.reject(new PosthornError('invalid'));
  const context = { directory, store, host, clock: systemClock, move };
  const control = await ControlServer.listen(dir, context);
  return Object.assign(stopped, { dir, context, control });
}

/** Sends bytes as they are; gives everything that comes back. */
async function raw(dir: string, text: string): Promise<string> {
  const socket = connect(controlPath(dir));
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

test('verbs over the socket do and say the same as in the process', async (t) => {
  const { dir, context } = await serve(t);
  assert.deepEqual(await callVerb(dir, 'domain add', { domain: 'Example.TEST' }), { added: true });
  assert.deepEqual(await callVerb(dir, 'domain add', { domain: 'example.test' }), { added: false });
  const added = await callVerb(dir, 'mailbox add', { address: 'Alice@example.test' });
  assert.equal(added?.address, 'alice@example.test');
  assert.match(added?.generatedPassword ?? '', /^[a-z0-9-]{23}$/);
  const account = await context.directory.verifyPassword(
    'alice@example.test',
    added!.generatedPassword!,
  );
  assert.equal(account?.address, 'alice@example.test');
  const changed = await callVerb(dir, 'mailbox set-password', {
    address: 'alice@example.test',
    password: 'new',
  });
  assert.equal(changed?.generatedPassword, undefined);
  assert.ok(await context.directory.verifyPassword('alice@example.test', 'new'));
  const shown = await callVerb(dir, 'mailbox show', { address: 'alice@example.test' });
  assert.deepEqual(shown?.folders.map(({ name }) => name).sort(), [
    'Archive',
    'Drafts',
    'INBOX',
    'Junk',
    'Sent',
    'Trash',
  ]);
  const run = { onProgress: () => {}, signal: new AbortController().signal };
  const here = await runVerb(context, 'mailbox list', {}, run);
  assert.deepEqual(await callVerb(dir, 'mailbox list', {}), JSON.parse(JSON.stringify(here)));
  assert.deepEqual(await callVerb(dir, 'domain list', {}), {
    domains: [{ domain: 'example.test', mailboxes: 1 }],
  });
  assert.deepEqual(await callVerb(dir, 'mailbox remove', { address: 'alice@example.test' }), {
    address: 'alice@example.test',
    messages: 0,
  });
  assert.deepEqual(await callVerb(dir, 'domain remove', { domain: 'example.test' }), {
    removed: true,
  });
});

test('failures arrive with their code and sentence', async (t) => {
  const { dir } = await serve(t);
  const fails = (
    call: Promise<unknown>,
    code: 'not-found' | 'invalid' | 'no-mailbox',
    text: RegExp,
  ) => assert.rejects(call, (error) => isPosthornError(error, code) && text.test(error.message));
  await fails(
    callVerb(dir, 'domain remove', { domain: 'no.test' }),
    'not-found',
    /no\.test is not a domain/,
  );
  await fails(callVerb(dir, 'mailbox add', { address: 'a@no.test' }), 'not-found', /add it first/);
  await fails(callVerb(dir, 'mailbox show', { address: 'a@no.test' }), 'no-mailbox', /a@no\.test/);
  await fails(callVerb(dir, 'domain add', { domain: '' }), 'invalid', /domain add: domain: /);
  await fails(callVerb(dir, 'toString' as 'check', {}), 'invalid', /no verb "toString"/);
  await fails(
    callVerb(dir, 'import', { address: 'a@b.test', source: { kind: 'mbox', path: 'relative' } }),
    'invalid',
    /absolute/,
  );
});

test('status and stop reach the host; without a server they say so', async (t) => {
  const server = await serve(t);
  assert.deepEqual(await callVerb(server.dir, 'status', {}), STATUS);
  assert.deepEqual(await callVerb(server.dir, 'stop', {}), { stopping: true });
  assert.equal(server.stops, 1);
  const run = { onProgress: () => {}, signal: new AbortController().signal };
  const offline = { ...server.context, host: undefined };
  await assert.rejects(runVerb(offline, 'status', {}, run), /no server is running/);
  await assert.rejects(runVerb(offline, 'stop', {}, run), /no server is running/);
});

test('check and import report progress over the socket', async (t) => {
  const { dir, context } = await serve(t);
  await context.directory.addDomain('example.test');
  await context.directory.addMailbox('a@example.test', { password: 'x' });
  const path = join(dir, 'one.eml');
  writeFileSync(path, 'Subject: one\n\nx\n');
  const seen: Progress[] = [];
  const source = { kind: 'eml', paths: [path] } as const;
  const done = await callVerb(dir, 'import', { address: 'a@example.test', source }, (p) =>
    seen.push(p),
  );
  assert.equal(done?.imported, 1);
  assert.deepEqual(seen.at(-1), { done: 16, total: 16, unit: 'bytes', messages: 1 });
  const result = await callVerb(dir, 'check', {});
  assert.deepEqual(result, { messages: 1, contents: 1, problems: [], problemCount: 0 });
});

test('nobody listens: undefined; the socket of a server that died is replaced', async (t) => {
  const { dir, context, control } = await serve(t);
  assert.equal(statSync(controlPath(dir)).mode & 0o777, 0o600);
  await control.close();
  assert.equal(existsSync(controlPath(dir)), false);
  assert.equal(await callVerb(dir, 'domain list', {}), undefined);
  writeFileSync(controlPath(dir), '');
  assert.equal(await callVerb(dir, 'domain list', {}), undefined);
  const next = await ControlServer.listen(dir, context);
  assert.deepEqual(await callVerb(dir, 'domain list', {}), { domains: [] });
  await next.close();
});

test('a data directory with a long path has its socket elsewhere', async (t) => {
  const { dir, control } = await serve(t, `${'d'.repeat(60)}/${'e'.repeat(60)}`);
  const path = controlPath(dir);
  assert.ok(Buffer.byteLength(path) <= 100);
  assert.deepEqual(await callVerb(dir, 'domain list', {}), { domains: [] });
  await control.close();
  assert.equal(await callVerb(dir, 'domain list', {}), undefined);
  assert.equal(existsSync(dirname(path)), false);
  // Somebody else could have made the directory and listen there.
  mkdirSync(dirname(path), { mode: 0o777 });
  chmodSync(dirname(path), 0o777);
  t.after(() => rmSync(dirname(path), { recursive: true, force: true }));
  await assert.rejects(callVerb(dir, 'domain list', {}), /belongs to somebody else or is open/);
});

test('what is no request is answered and harms nobody', async (t) => {
  const { dir } = await serve(t);
  assert.match(await raw(dir, 'hello\n'), /"code":"invalid"/);
  assert.match(await raw(dir, '[1]\n'), /"code":"invalid"/);
  assert.match(await raw(dir, '{"verb":5}\n'), /"code":"invalid"/);
  assert.equal(await raw(dir, '{"verb":"chec'), '');
  assert.equal(await raw(dir, ''), '');
  assert.deepEqual(await callVerb(dir, 'domain list', {}), { domains: [] });
});

test('a caller that goes away ends its import', async (t) => {
  const { dir, context } = await serve(t);
  await context.directory.addDomain('example.test');
  const { mailboxId } = await context.directory.addMailbox('a@example.test', { password: 'x' });
  const path = join(dir, 'mbox');
  const message = `From a Thu Jan  1 00:00:00 1970\nSubject: x\n\n${'text\n'.repeat(200)}\n`;
  writeFileSync(path, message.repeat(20_000));
  const socket = connect(controlPath(dir));
  const args = { address: 'a@example.test', source: { kind: 'mbox', path } };
  socket.write(`${JSON.stringify({ verb: 'import', args })}\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.destroy();
  // Until it has ended, another is refused.
  const again = async (): Promise<number> => {
    try {
      const source = { kind: 'eml', paths: [path] } as const;
      await callVerb(dir, 'import', { address: 'a@example.test', folder: 'Other', source });
      return (await context.store.openMailbox(mailboxId, 'test').folderByName('INBOX'))!.messages;
    } catch (error) {
      if (!isPosthornError(error, 'too-busy')) throw error;
      await systemClock.sleep(20);
      return await again();
    }
  };
  assert.ok((await again()) < 20_000);
});
