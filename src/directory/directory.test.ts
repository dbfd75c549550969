import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { before, test } from 'node:test';
import { PosthornError, TestClock } from '#kernel';
import type { Change, MailboxId, MailboxInfo, SmtpAddress, Verifiers } from '#model';
import type { Command, Engine } from '#storage';
import { Directory } from './directory.ts';

interface Kept {
  info: MailboxInfo;
  verifiers: Verifiers | undefined;
  folders: readonly string[];
}

/** The part of an engine that the directory stands on, in memory. */
class FakeEngine {
  readonly domains = new Set<string>();
  readonly mailboxes = new Map<MailboxId, Kept>();
  #listener: (changes: readonly Change[]) => void = () => {};
  #lastId = 0;

  onChanges(listener: (changes: readonly Change[]) => void): Disposable {
    this.#listener = listener;
    return { [Symbol.dispose]: () => {} };
  }

  readonly read = {
    addressTarget: async (domain: string, address: string) => {
      for (const [mailboxId, { info }] of this.mailboxes)
        if (info.addresses.includes(address)) return { kind: 'mailbox', mailboxId };
      return { kind: this.domains.has(domain) ? 'unknown-address' : 'unknown-domain' };
    },
    mailbox: async (id: MailboxId) => this.mailboxes.get(id)?.info,
    mailboxes: async (after: MailboxId, limit: number) =>
      [...this.mailboxes.values()]
        .map(({ info }) => info)
        .filter(({ mailboxId }) => mailboxId > after)
        .slice(0, limit),
    login: async (id: MailboxId) => {
      const mailbox = this.mailboxes.get(id);
      return (
        mailbox && { primaryAddress: mailbox.info.primaryAddress, verifiers: mailbox.verifiers }
      );
    },
    domains: async () => [...this.domains].map((domain) => ({ domain, mailboxes: 0 })),
  };

  async execute(_owner: string, command: Command): Promise<unknown> {
    const result = this.#apply(command);
    this.#listener([{ kind: 'directory' }]);
    return result;
  }

  #apply(command: Command): unknown {
    switch (command.kind) {
      case 'add-domain': {
        const added = !this.domains.has(command.domain);
        this.domains.add(command.domain);
        return { added };
      }
      case 'remove-domain':
        return { removed: this.domains.delete(command.domain) };
      case 'add-mailbox': {
        const mailboxId = ++this.#lastId as MailboxId;
        const { address, quotaBytes, nowMs, verifiers } = command;
        this.#requireFree(address);
        const info: MailboxInfo = {
          mailboxId,
          primaryAddress: address,
          addresses: [address],
          createdAtMs: nowMs,
          quotaBytes,
          quotaMessages: undefined,
          usedBytes: 0,
          usedMessages: 0,
        };
        const folders = command.folders.map(({ name, specialUse }) => `${name} ${specialUse}`);
        this.mailboxes.set(mailboxId, { info, verifiers, folders });
        return { mailboxId };
      }
      case 'remove-mailbox':
        return { removed: this.mailboxes.delete(command.mailboxId) };
      case 'set-quota': {
        const kept = this.mailboxes.get(command.mailboxId)!;
        const { quotaBytes, quotaMessages } = command;
        kept.info = { ...kept.info, quotaBytes, quotaMessages };
        return { modSeq: 1 };
      }
      case 'set-verifiers':
        this.mailboxes.get(command.mailboxId)!.verifiers = command.verifiers;
        return { changed: true };
      case 'change-address': {
        const kept = this.mailboxes.get(command.mailboxId)!;
        const others = kept.info.addresses.filter((address) => address !== command.address);
        if (command.on) this.#requireFree(command.address);
        kept.info = {
          ...kept.info,
          addresses: command.on ? [...others, command.address] : others,
        };
        return { changed: true };
      }
      default:
        throw new PosthornError('internal', command.kind);
    }
  }

  #requireFree(address: string): void {
    for (const { info } of this.mailboxes.values())
      if (info.addresses.includes(address)) throw new PosthornError('exists-already');
  }
}

const address = (text: string): SmtpAddress => {
  const at = text.lastIndexOf('@');
  return { local: text.slice(0, at), domain: text.slice(at + 1) };
};

function open(): { directory: Directory; engine: FakeEngine } {
  const engine = new FakeEngine();
  const directory = new Directory(engine as unknown as Engine, { clock: new TestClock() });
  return { directory, engine };
}

let directory: Directory;
let engine: FakeEngine;
let ann: MailboxId;
let bob: MailboxId;
before(async () => {
  ({ directory, engine } = open());
  await directory.addDomain('Example.Test');
  await directory.addDomain('bücher.test');
  ann = (await directory.addMailbox('Ann@example.test', { password: 'secret' })).mailboxId;
  bob = (await directory.addMailbox('bob@example.test', { password: 'geheim' })).mailboxId;
  await directory.addMailbox('bob+list@example.test', { password: 'listen' });
  await directory.addAddress('ann@example.test', 'a.proxy@bücher.test');
});

test('addresses resolve by key: exact, proxy, plus, other letter case, U-labels', async () => {
  const cases: [string, MailboxId][] = [
    ['ann@example.test', ann],
    ['ANN@EXAMPLE.test', ann],
    ['ann+news@example.test', ann],
    ['ann+news+more@example.test', ann],
    ['bob+@example.test', bob],
    ['a.proxy@xn--bcher-kva.test', ann],
    ['A.Proxy+x@BÜCHER.test', ann],
  ];
  for (const [text, mailboxId] of cases)
    assert.deepEqual(await directory.resolve(address(text)), { kind: 'mailbox', mailboxId }, text);
  const list = await directory.resolve(address('bob+list@example.test'));
  assert.ok(list.kind === 'mailbox' && list.mailboxId !== bob, 'an address wins over its tag');
});

test('what is unknown here and what is not ours are told apart', async () => {
  for (const text of [
    'nobody@example.test',
    '+ann@example.test',
    'nobody+ann@example.test',
    '@example.test',
  ])
    assert.deepEqual(await directory.resolve(address(text)), { kind: 'unknown-recipient' }, text);
  for (const text of [
    'ann@else.test',
    'ann@[127.0.0.1]',
    'ann@',
    'postmaster@else.test',
    'a@ex ample',
  ])
    assert.deepEqual(await directory.resolve(address(text)), { kind: 'not-local' }, text);
  assert.equal(await directory.isLocalDomain('EXAMPLE.test'), true);
  assert.equal(await directory.isLocalDomain('bücher.test.'), true);
  for (const domain of ['else.test', '', '[127.0.0.1]'])
    assert.equal(await directory.isLocalDomain(domain), false);
});

test('postmaster leads to the first mailbox, then to whoever is made postmaster', async () => {
  const { directory, engine } = open();
  await directory.addDomain('a.test');
  await directory.addDomain('b.test');
  assert.deepEqual(await directory.resolvePostmaster(), { kind: 'unknown-recipient' });
  const first = (await directory.addMailbox('one@a.test', { password: 'x' })).mailboxId;
  const second = (await directory.addMailbox('two@a.test', { password: 'x' })).mailboxId;
  for (const text of ['postmaster@a.test', 'PostMaster@b.test', 'postmaster+abuse@a.test'])
    assert.deepEqual(await directory.resolve(address(text)), { kind: 'mailbox', mailboxId: first });
  await directory.addAddress('two@a.test', 'postmaster@b.test');
  assert.deepEqual(await directory.resolvePostmaster(), { kind: 'mailbox', mailboxId: second });
  assert.deepEqual(await directory.resolve(address('postmaster@a.test')), {
    kind: 'mailbox',
    mailboxId: second,
  });
  assert.equal(engine.mailboxes.size, 2);
});

test('a new mailbox has its folders, and a generated password that works', async () => {
  const { directory, engine } = open();
  await directory.addDomain('a.test');
  const made = await directory.addMailbox('one@a.test', { quotaBytes: 5 });
  const kept = engine.mailboxes.get(made.mailboxId)!;
  assert.deepEqual(kept.folders, [
    'Drafts \\Drafts',
    'Sent \\Sent',
    'Trash \\Trash',
    'Junk \\Junk',
    'Archive \\Archive',
  ]);
  assert.equal(kept.info.quotaBytes, 5);
  const login = await directory.verifyPassword('one@a.test', made.generatedPassword!);
  assert.deepEqual(login, { mailboxId: made.mailboxId, address: 'one@a.test' });
});

test('passwords: right, wrong, by proxy, by local part alone, changed', async () => {
  const account = { mailboxId: ann, address: 'ann@example.test' };
  for (const login of [
    'ann@example.test',
    'ANN@Example.TEST',
    'a.proxy@bücher.test',
    'ann',
    'A.proxy',
  ])
    assert.deepEqual(await directory.verifyPassword(login, 'secret'), account, login);
  for (const login of [
    'ann+x@example.test',
    'nobody@example.test',
    'postmaster',
    '',
    '@',
    'ann@else.test',
  ])
    assert.equal(await directory.verifyPassword(login, 'secret'), undefined, login);
  assert.equal(await directory.verifyPassword('ann', 'Secret'), undefined);
  assert.equal(await directory.setPassword('ann@example.test', 'new'), undefined);
  assert.equal(await directory.verifyPassword('ann', 'secret'), undefined);
  assert.deepEqual(await directory.verifyPassword('ann', 'new'), account);
  await directory.setPassword('ann@example.test', 'secret');
});

test('a local part that two mailboxes have is no login', async () => {
  const { directory } = open();
  await directory.addDomain('a.test');
  await directory.addDomain('b.test');
  await directory.addMailbox('one@a.test', { password: 'x' });
  await directory.addMailbox('one@b.test', { password: 'x' });
  assert.equal(await directory.verifyPassword('one', 'x'), undefined);
  assert.equal((await directory.verifyPassword('one@b.test', 'x'))?.address, 'one@b.test');
});

test('bad domains, addresses and passwords are refused saying what would be right', async () => {
  const invalid = (promise: Promise<unknown>, message: RegExp) =>
    assert.rejects(promise, { name: 'PosthornError', code: 'invalid', message });
  for (const domain of ['', 'a b', '-a.test', 'a..b', 'x'.repeat(64)])
    await invalid(directory.addDomain(domain), /write it like example\.com/);
  for (const text of [
    'ann',
    '@a.test',
    'a b@example.test',
    'ann@',
    `${'x'.repeat(65)}@example.test`,
  ])
    await invalid(directory.addMailbox(text), /write it like ann@example\.com/);
  await invalid(directory.addMailbox('carl@example.test', { password: '' }), /empty/);
  await invalid(directory.removeAddress('ann@example.test', 'ANN@example.test'), /primary/);
  await assert.rejects(directory.addMailbox('carl@else.test'), { code: 'not-found' });
  await assert.rejects(directory.addAddress('ann@example.test', 'ann@else.test'), {
    code: 'not-found',
  });
  await assert.rejects(directory.setPassword('carl@example.test', 'x'), { code: 'no-mailbox' });
  await assert.rejects(directory.addMailbox('A.Proxy@bücher.test'), { code: 'exists-already' });
  assert.equal(await directory.removeMailbox('carl@example.test'), false);
  assert.equal(engine.mailboxes.size, 3);
});

test('mailboxes are listed in pages', async () => {
  const all = await directory.mailboxes();
  assert.deepEqual(
    all.map(({ primaryAddress }) => primaryAddress),
    ['ann@example.test', 'bob@example.test', 'bob+list@example.test'],
  );
  const [second] = await directory.mailboxes(ann, 1);
  assert.equal(second?.mailboxId, bob);
});

const plain = (text: string): Buffer => Buffer.from(text);

test('PLAIN: identities, malformed messages, unprotected channels', async () => {
  const step = (text: string) =>
    directory.startSasl('plain', { channelSecure: true })!.step(plain(text));
  for (const authorization of ['', 'ann', 'ann@example.test', 'a.proxy@bücher.test']) {
    const end = await step(`${authorization}\0ann@example.test\0secret`);
    assert.equal(end.kind, 'success', authorization);
  }
  for (const text of [
    'bob@example.test\0ann@example.test\0secret',
    '\0ann\0wrong',
    '\0\0secret',
    '\0ann\0',
    'ann\0secret',
    '\0ann\0sec\0ret',
    '',
  ])
    assert.equal((await step(text)).kind, 'failure', JSON.stringify(text));
  const waiting = directory.startSasl('PLAIN', { channelSecure: true })!;
  assert.deepEqual(await waiting.step(undefined), { kind: 'challenge', data: Buffer.alloc(0) });
  assert.equal((await waiting.step(plain('\0ann\0secret'))).kind, 'success');
  assert.equal(directory.startSasl('PLAIN', { channelSecure: false }), undefined);
  assert.equal(directory.startSasl('CRAM-MD5', { channelSecure: true }), undefined);
});

test('LOGIN asks for name and password', async () => {
  const login = directory.startSasl('LOGIN', { channelSecure: true })!;
  assert.deepEqual(await login.step(undefined), { kind: 'challenge', data: plain('Username:') });
  assert.deepEqual(await login.step(plain('ann')), { kind: 'challenge', data: plain('Password:') });
  assert.equal((await login.step(plain('secret'))).kind, 'success');
  const initial = directory.startSasl('LOGIN', { channelSecure: true })!;
  assert.deepEqual(await initial.step(plain('ann')), {
    kind: 'challenge',
    data: plain('Password:'),
  });
  assert.equal((await initial.step(plain('Secret'))).kind, 'failure');
});

/** Goes through SCRAM as a client; gives the salt that was shown and how it ended. */
async function scram(login: string, password: string): Promise<{ salt: string; end: string }> {
  const sasl = directory.startSasl('SCRAM-SHA-256', { channelSecure: false })!;
  const bare = `n=${login},r=abc`;
  const challenge = await sasl.step(plain(`n,,${bare}`));
  assert.ok(challenge.kind === 'challenge');
  const first = challenge.data.toString();
  const [, nonce, salt, iterations] = /^r=(.*),s=(.*),i=(\d+)$/.exec(first)!;
  const hmac = (key: Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const salted = pbkdf2Sync(
    password,
    Buffer.from(salt!, 'base64'),
    Number(iterations),
    32,
    'sha256',
  );
  const key = hmac(salted, 'Client Key');
  const message = `${bare},${first},c=biws,r=${nonce}`;
  const signature = hmac(createHash('sha256').update(key).digest(), message);
  const proof = Buffer.from(key.map((byte, i) => byte ^ signature[i]!)).toString('base64');
  const end = await sasl.step(plain(`c=biws,r=${nonce},p=${proof}`));
  if (end.kind === 'success') {
    const expected = hmac(hmac(salted, 'Server Key'), message).toString('base64');
    assert.equal(end.data?.toString(), `v=${expected}`);
  }
  return { salt: salt!, end: end.kind === 'failure' ? end.reason : end.kind };
}

test('SCRAM against stored verifiers; unknown users get a salt that stays', async () => {
  assert.equal((await scram('ann@example.test', 'secret')).end, 'success');
  assert.equal((await scram('ann', 'wrong')).end, 'e=invalid-proof');
  const nobody = await scram('nobody@example.test', 'secret');
  assert.equal(nobody.end, 'e=invalid-proof');
  assert.equal(nobody.salt.length, 24);
  assert.equal((await scram('Nobody@example.test', 'x')).salt, nobody.salt);
  assert.notEqual((await scram('nobody2@example.test', 'x')).salt, nobody.salt);
  const secure = directory.saslMechanisms({ channelSecure: true });
  assert.deepEqual(secure, ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']);
  assert.deepEqual(directory.saslMechanisms({ channelSecure: false }), ['SCRAM-SHA-256']);
  const bindable = { channelSecure: true, binding: () => Buffer.from('bound') };
  assert.deepEqual(directory.saslMechanisms(bindable), secure, 'not unless it is set up');
  assert.equal(directory.startSasl('SCRAM-SHA-256-PLUS', bindable), undefined);
});
