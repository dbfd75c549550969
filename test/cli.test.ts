import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';

const BIN = resolve(import.meta.dirname, '../bin/posthorn.js');
const DEADLINE_MS = 60_000;

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly node?: string;
}

/** Runs the launcher as a user would. */
function run(args: readonly string[], options: RunOptions = {}): Outcome {
  const { POSTHORN_DATA: _unset, ...env } = process.env;
  const done = spawnSync(options.node ?? process.execPath, [BIN, ...args], {
    input: options.stdin ?? '',
    env: { ...env, ...options.env },
    cwd: options.cwd,
    encoding: 'utf8',
    timeout: DEADLINE_MS,
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

function temporary(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-cli-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A data directory with a domain and a mailbox, and a way to run verbs on it. */
function organization(t: TestContext): {
  readonly root: string;
  readonly data: string;
  readonly verb: (line: string, options?: RunOptions) => Outcome;
} {
  const root = temporary(t);
  const data = join(root, 'data');
  const verb = (line: string, options?: RunOptions): Outcome =>
    run([...line.split(' '), '--data', data], options);
  assert.equal(verb('domain add example.test').code, 0);
  assert.equal(verb('mailbox add alice@example.test --password x').code, 0);
  return { root, data, verb };
}

const ok = (out: string): Outcome => ({ code: 0, out, err: '' });
const failed = (err: string): Outcome => ({ code: 1, out: '', err });

test('domains and mailboxes, from an empty directory', (t) => {
  const data = join(temporary(t), 'new');
  const verb = (line: string, options?: RunOptions): Outcome =>
    run([...line.split(' '), '--data', data], options);
  const first = verb('domain add Example.Test');
  assert.deepEqual(first, {
    code: 0,
    out: 'added example.test\n',
    err: `posthorn: making a new data directory in ${data}\n`,
  });
  assert.equal(statSync(data).mode & 0o777, 0o700);
  assert.deepEqual(verb('domain add example.test'), ok('example.test was there already\n'));
  const added = verb('mailbox add alice@example.test');
  assert.match(
    added.out,
    /^added alice@example\.test\npassword: [a-z0-9-]{23} \(shown only now\)\n$/,
  );
  assert.deepEqual(
    verb('mailbox add bob@example.test --password-stdin', { stdin: 'geheim\nx' }),
    ok('added bob@example.test\n'),
  );
  assert.deepEqual(
    verb('mailbox set-password bob@example.test --password y'),
    ok('set the password of bob@example.test\n'),
  );
  assert.deepEqual(
    verb('mailbox list'),
    ok(
      'ADDRESS             MESSAGES  SIZE  QUOTA\nalice@example.test         0  0 B   none\nbob@example.test           0  0 B   none\n',
    ),
  );
  assert.deepEqual(JSON.parse(verb('mailbox list --json').out), [
    { address: 'alice@example.test', messages: 0, bytes: 0 },
    { address: 'bob@example.test', messages: 0, bytes: 0 },
  ]);
  assert.equal(JSON.parse(verb('mailbox show bob@example.test --json').out).folders.length, 6);
  assert.match(
    verb('mailbox show bob@example.test').out,
    /^address {3}bob@example\.test\n[\s\S]*\nINBOX {11,}0/,
  );
  assert.deepEqual(
    verb('domain remove example.test'),
    failed('posthorn: 2 addresses are in example.test: remove their mailboxes first\n'),
  );
  assert.deepEqual(
    verb('mailbox remove bob@example.test'),
    ok('removed bob@example.test with 0 messages\n'),
  );
  assert.deepEqual(
    verb('mailbox remove bob@example.test'),
    failed('posthorn: no mailbox has the address bob@example.test\n'),
  );
  assert.deepEqual(JSON.parse(verb('domain list --json').out), [
    { domain: 'example.test', mailboxes: 1 },
  ]);
  assert.deepEqual(verb('check'), ok('0 messages, 0 contents checked, no problems\n'));
});

test('quotas are set, kept and taken away', (t) => {
  const { verb } = organization(t);
  const set = (options: string): Outcome =>
    verb(`mailbox set-quota alice@example.test ${options}`.trim());
  const shown = (): unknown => {
    const [{ quotaBytes, quotaMessages }] = JSON.parse(verb('mailbox list --json').out);
    return [quotaBytes, quotaMessages];
  };
  assert.deepEqual(set('--bytes 1.5GB'), ok('quota of alice@example.test: 1.5 GB\n'));
  assert.deepEqual(shown(), [1_500_000_000, undefined]);
  const both = ok('quota of alice@example.test: 1.5 GB, 20,000 messages\n');
  assert.deepEqual(set('--messages 20000'), both);
  assert.match(verb('mailbox list').out, /QUOTA\n.* {2}1\.5 GB, 20,000 messages\n$/);
  assert.match(verb('mailbox show alice@example.test').out, /\nquota +1\.5 GB, 20,000 messages\n/);
  assert.deepEqual(set('--bytes none'), ok('quota of alice@example.test: 20,000 messages\n'));
  assert.deepEqual(set('--messages none --bytes 0'), ok('quota of alice@example.test: 0 B\n'));
  assert.deepEqual(shown(), [0, undefined]);
  assert.deepEqual(
    set(''),
    failed('posthorn: mailbox set-quota: bytes, messages or both must be given\n'),
  );
  assert.deepEqual(verb('check'), ok('0 messages, 0 contents checked, no problems\n'));
});

test('usage errors exit 2 and say what would be right', (t) => {
  const { verb } = organization(t);
  const cases: readonly (readonly [string, RegExp])[] = [
    ['mailbox ad x', /unknown command 'ad'\n\(Did you mean add\?\)/],
    ['sttaus', /unknown command 'sttaus'\n\(Did you mean status\?\)/],
    [
      'mailbox list --jsn',
      /unknown option '--jsn'\n\(Did you mean --json\?\)\nusage: posthorn mailbox list/,
    ],
    ['mailbox add', /missing required argument 'address'\nusage: posthorn mailbox add ADDRESS/],
    ['mailbox add alice', /LOCAL@DOMAIN, like alice@example\.com/],
    ['mailbox set-quota alice@example.test --bytes 5XB', /500000, 300MB or 1\.5GB, or none/],
    ['mailbox set-quota alice@example.test --messages -1', /like 10000, or none/],
    ['domain add a..b', /like example\.com/],
    ['domain list extra', /too many arguments/],
    ['mailbox add b@example.test --password x --password-stdin', /cannot be used with/],
    ['import alice@example.test', /one of --mbox FILE, --maildir DIR, --eml FILE/],
    ['import alice@example.test --mbox a --maildir b', /cannot be used with/],
    ['start --listen imap', /imap=127\.0\.0\.1:2143/],
    ['start --listen gopher=127.0.0.1:70', /names smtp, submission/],
  ];
  for (const [line, message] of cases) {
    const { code, out, err } = verb(line);
    assert.equal(code, 2, `${line}: ${err}`);
    assert.equal(out, '');
    assert.match(err, /^posthorn: /);
    assert.match(err, message);
  }
  assert.equal(run([]).code, 2);
  assert.match(run([]).err, /Usage: posthorn COMMAND/);
});

test('help and version are no errors', () => {
  assert.equal(run(['--help']).code, 0);
  assert.match(run(['import', '--help']).out, /--maildir/);
  assert.match(run(['--version']).out, /^\d+\.\d+\.\d+\n$/);
});

test('verbs that only look need a data directory, and make none', (t) => {
  const root = temporary(t);
  const data = join(root, 'none');
  for (const line of [
    'status',
    'status --json',
    'stop',
    'check',
    'domain list',
    'domain remove a.test',
    'mailbox list',
    'mailbox show a@a.test',
    'mailbox remove a@a.test',
    'mailbox set-password a@a.test',
    'mailbox set-quota a@a.test --messages 1',
    'folder share a@a.test INBOX b@a.test',
    'folder rights a@a.test',
  ]) {
    const { code, out, err } = run([...line.split(' '), '--data', data]);
    assert.deepEqual([code, out], [1, ''], line);
    assert.match(err, /^posthorn: the data directory \S+ does not exist; [^\n]+\n$/, line);
  }
  assert.equal(existsSync(data), false);
  assert.match(run(['check', '--data', root]).err, /is not a Posthorn data directory/);
});

test('POSTHORN_DATA stands for --data, ./data for both; any working directory will do', (t) => {
  const { root, data } = organization(t);
  const expected = run(['mailbox', 'list', '--data', data]).out;
  assert.match(expected, /alice/);
  assert.equal(run(['mailbox', 'list'], { env: { POSTHORN_DATA: data } }).out, expected);
  assert.equal(run(['mailbox', 'list'], { cwd: root }).out, expected);
  assert.equal(
    run(['mailbox', 'list', '--data', 'data'], { cwd: root, env: { POSTHORN_DATA: '/none' } }).out,
    expected,
  );
});

test('import: relative paths, once and again; check finds nothing, or what was damaged', (t) => {
  const { root, data, verb } = organization(t);
  const from = 'From a@b.test Thu Jan  1 00:00:00 1970\n';
  writeFileSync(
    join(root, 'mail.mbox'),
    `${from}Subject: one\n\n1\n\n${from}Subject: two\n\n2\n\n`,
  );
  const args = 'import alice@example.test --mbox mail.mbox --folder Old/Mail';
  assert.deepEqual(
    verb(args, { cwd: root }),
    ok('2 messages imported into alice@example.test, 0 there already, 0 skipped\n'),
  );
  assert.deepEqual(
    verb(args, { cwd: root }),
    ok('0 messages imported into alice@example.test, 2 there already, 0 skipped\n'),
  );
  writeFileSync(join(root, 'a.eml'), 'Subject: a\n\na\n');
  writeFileSync(join(root, 'b.eml'), '');
  assert.deepEqual(
    verb('import alice@example.test --eml a.eml b.eml', { cwd: root }),
    ok(
      `skipped ${join(root, 'b.eml')}: the file is empty\n1 message imported into alice@example.test, 0 there already, 1 skipped\n`,
    ),
  );
  assert.deepEqual(
    verb('import alice@example.test --mbox gone', { cwd: root }),
    failed(`posthorn: cannot read ${join(root, 'gone')}: there is no such file\n`),
  );
  assert.equal(verb('import alice@example.test --mbox a.eml', { cwd: root }).code, 1);
  assert.deepEqual(verb('check'), ok('3 messages, 3 contents checked, no problems\n'));

  writeFileSync(join(root, 'large.eml'), `Subject: large\n\n${'y'.repeat(400_000)}\n`);
  assert.equal(verb('import alice@example.test --eml large.eml', { cwd: root }).code, 0);
  rmSync(join(data, 'blobs'), { recursive: true });
  mkdirSync(join(data, 'blobs'));
  const damaged = verb('check');
  assert.equal(damaged.code, 1);
  assert.match(
    damaged.out,
    /^blob: content \d+: [^\n]+\n4 messages, 4 contents checked, 1 problem\n$/,
  );
});

test('an import that is killed anywhere and run again doubles nothing and misses nothing', async (t) => {
  const { root, data, verb } = organization(t);
  const body = `${'text of a line that is not short at all\n'.repeat(100)}`;
  const messages = Array.from(
    { length: 3000 },
    (_x, i) => `From a Thu Jan  1 00:00:00 1970\nSubject: ${i}\n\n${body}\n`,
  );
  const path = join(root, 'mbox');
  writeFileSync(path, messages.join(''));
  const args = ['import', 'alice@example.test', '--mbox', path, '--data', data];
  let killed = 0;
  for (const delayMs of [250, 350, 450, 600]) {
    const child = spawn(process.execPath, [BIN, ...args], { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), delayMs);
    const [, signal] = await exitOf(child);
    clearTimeout(timer);
    if (signal === 'SIGKILL') killed++;
  }
  t.diagnostic(`${killed} of 4 were killed`);
  const last = verb(`import alice@example.test --mbox ${path}`);
  assert.equal(last.code, 0, last.err);
  const [imported, present] = [...last.out.matchAll(/[\d,]+(?= (?:message|there))/g)].map(
    ([text]) => Number(text.replace(',', '')),
  );
  assert.equal(imported! + present!, 3000);
  assert.match(verb('check').out, /^3,000 messages, 3,000 contents checked, no problems\n$/);
});

function exitOf(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((done) => child.once('exit', (code, signal) => done([code, signal])));
}

interface Server {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
}

/** Starts a server on free ports and waits until it is ready. */
async function start(t: TestContext, data: string, node = process.execPath): Promise<Server> {
  const listen = ['--listen', 'smtp=127.0.0.1:0', 'imap=127.0.0.1:0'];
  const child = spawn(node, [BIN, 'start', '--data', data, ...listen], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let err = '';
  child.stderr!.on('data', (chunk) => {
    err += chunk;
  });
  const lines: string[] = [];
  const { promise, resolve: ready, reject } = Promise.withResolvers<void>();
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(line);
    if (line === 'ready') ready();
  });
  child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${err}`)));
  await promise;
  return { child, lines };
}

test('the verbs are the same while the server runs', async (t) => {
  const { root, data, verb } = organization(t);
  const before = verb('mailbox list').out;
  const { child, lines } = await start(t, data);
  assert.equal(lines.at(-1), 'ready');
  assert.equal(verb('mailbox list').out, before);
  assert.deepEqual(verb('domain add two.test'), ok('added two.test\n'));
  assert.deepEqual(verb('mailbox add bob@two.test --password y'), ok('added bob@two.test\n'));
  assert.deepEqual(
    verb('mailbox add bob@two.test'),
    failed('posthorn: the mailbox bob@two.test exists already\n'),
  );
  writeFileSync(join(root, 'one.eml'), 'Subject: one\n\nx\n');
  const imported = verb('import bob@two.test --eml one.eml', { cwd: root });
  assert.deepEqual(
    imported,
    ok('1 message imported into bob@two.test, 0 there already, 0 skipped\n'),
  );
  assert.deepEqual(verb('check'), ok('1 message, 1 content checked, no problems\n'));

  const status = JSON.parse(verb('status --json').out);
  assert.equal(status.pid, child.pid);
  assert.deepEqual(
    status.listeners.map(({ name }: { name: string }) => name),
    ['smtp', 'imap'],
  );
  assert.equal(status.counts.messages, 1);
  assert.match(verb('status').out, new RegExp(`^version +\\S+\npid +${child.pid}\nrunning for `));

  const exited = exitOf(child);
  assert.deepEqual(verb('stop'), ok('stopped\n'));
  assert.deepEqual(await exited, [0, null]);
  assert.match(verb('status').err, /^posthorn: no server is running on /);
  assert.match(verb('mailbox list').out, /bob@two\.test +1/);
});

test('a second server, a taken port, a bad configuration: one sentence, exit 1', async (t) => {
  const { root, data } = organization(t);
  await start(t, data);
  const sentence = /^posthorn: [^\n]+\n$/;
  const second = run(['start', '--data', data, '--listen', 'smtp=127.0.0.1:0']);
  assert.equal(second.code, 1);
  assert.match(second.err, sentence);
  assert.match(second.err, /another Posthorn uses/);

  const holder = createServer();
  await new Promise<void>((done) => holder.listen(0, '127.0.0.1', done));
  t.after(() => holder.close());
  const { port } = holder.address() as { port: number };
  const taken = run(['start', '--data', join(root, 'other'), '--listen', `imap=127.0.0.1:${port}`]);
  assert.equal(taken.code, 1);
  assert.match(taken.err, sentence);
  assert.match(taken.err, new RegExp(`imap on 127\\.0\\.0\\.1:${port}`));
  assert.equal(existsSync(join(root, 'other', 'posthorn.db')), false);

  const config = join(root, 'posthorn.json');
  writeFileSync(config, '{"lisen": {}}');
  const unknown = run(['start', '--data', join(root, 'other'), '--config', config]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, sentence);
  assert.match(unknown.err, /lisen/);
});

test('SIGTERM stops the server with exit 0', async (t) => {
  const { data } = organization(t);
  const { child } = await start(t, data);
  const exited = exitOf(child);
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
  assert.equal(run(['check', '--data', data]).code, 0);
});

/** A Node on the PATH that is too old to run Posthorn itself. */
function oldNode(): string | undefined {
  for (const dir of (process.env['PATH'] ?? '').split(':')) {
    const node = join(dir, 'node');
    if (!existsSync(node)) continue;
    const [major = 99] = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' })
      .stdout.split('.')
      .map(Number);
    if (major >= 20 && major < 24) return node;
  }
  return undefined;
}

const old = oldNode();
const skip = old === undefined ? 'there is no older Node on the PATH' : false;

test('under an older Node the launcher passes arguments, stdin, output and exit codes through', {
  skip,
}, (t) => {
  const { verb } = organization(t);
  const node = old!;
  assert.deepEqual(
    verb('mailbox add bob@example.test --password-stdin', { node, stdin: 'secret\n' }),
    ok('added bob@example.test\n'),
  );
  assert.equal(verb('mailbox', { node }).code, 2);
  assert.equal(verb('mailbox remove nobody@example.test', { node }).code, 1);
});

test('under an older Node signals reach the server, and killing the launcher kills it', {
  skip,
}, async (t) => {
  const { data, verb } = organization(t);
  const first = await start(t, data, old!);
  const exited = exitOf(first.child);
  first.child.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);

  const second = await start(t, data, old!);
  const { pid } = JSON.parse(verb('status --json').out);
  assert.notEqual(pid, second.child.pid);
  second.child.kill('SIGKILL');
  await exitOf(second.child);
  // It waits for the lock to be free, so an answer means that the server is gone.
  assert.equal(verb('mailbox list').code, 0);
  assert.equal(verb('status').code, 1);
});

test('the launcher is what package.json names and may be executed', () => {
  const manifest = JSON.parse(readFileSync(resolve(BIN, '../../package.json'), 'utf8'));
  assert.equal(manifest.bin.posthorn, './bin/posthorn.js');
  assert.ok((statSync(BIN).mode & 0o111) !== 0);
});

test('folders are shared, with whom is shown, and taken back', (t) => {
  const { verb } = organization(t);
  assert.equal(verb('mailbox add bob@example.test --password x').code, 0);
  const [alice, bob] = ['alice@example.test', 'bob@example.test'];
  const rows = (...lines: readonly string[]): Outcome => ok(`${lines.join('\n')}\n`);
  assert.deepEqual(verb(`folder rights ${alice}`), ok(`only ${alice} has rights there\n`));
  assert.deepEqual(
    verb(`folder share ${alice} inbox ${bob} c`),
    rows('FOLDER  WHO               RIGHTS', 'INBOX   bob@example.test  kxc'),
  );
  assert.equal(verb(`folder share ${alice} INBOX ${bob}`).code, 0);
  assert.equal(verb(`folder share ${alice} INBOX anyone e --deny`).code, 0);
  assert.deepEqual(
    verb(`folder share ${alice} Archive anyone lrs`),
    rows('FOLDER   WHO     RIGHTS', 'Archive  anyone  lrs'),
  );
  assert.deepEqual(
    verb(`folder rights ${alice}`),
    rows(
      'FOLDER   WHO               RIGHTS',
      'Archive  anyone            lrs',
      'INBOX    -anyone           ed',
      'INBOX    bob@example.test  lr',
    ),
  );
  assert.deepEqual(JSON.parse(verb(`folder rights ${alice} Archive --json`).out), {
    address: alice,
    grants: [{ folder: 'Archive', identifier: 'anyone', rights: 'lrs' }],
  });
  assert.equal(verb(`folder unshare ${alice} INBOX anyone --deny`).code, 0);
  assert.deepEqual(
    verb(`folder unshare ${alice} INBOX ${bob}`),
    ok(`only ${alice} has rights there\n`),
  );
  assert.deepEqual(
    verb(`folder share ${alice} INBOX eve@example.test`),
    failed('posthorn: no mailbox has the address eve@example.test\n'),
  );
  assert.deepEqual(
    verb(`folder share ${alice} None ${bob}`),
    failed('posthorn: there is no folder None\n'),
  );
  assert.match(verb(`folder share ${alice} INBOX ${bob} lrz`).err, /"lrz" are no rights/);
  assert.match(verb(`folder share ${alice} INBOX ${alice}`).err, /the owner always has all rights/);
});
