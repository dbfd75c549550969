import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapClient } from '../../../test/clients/imap.ts';
import { mail, stand, USER } from './stand.test.ts';

const BOB = 'bob@example.test';
const OF_ANNA = `Other Users/${USER}`;
const RIGHTS = [...'lrswipkxtea'];

/** What somebody may do: by which rights, all of them needed or one of them (RFC 4314 §4). */
interface Deed {
  readonly what: string;
  readonly all?: string;
  readonly any?: string;
  /** Done in the folder, selected where it can be. @returns OK or NO with its response code */
  readonly run: (bob: ImapClient, folder: string) => Promise<string>;
}

async function codeOf(client: ImapClient, command: string): Promise<string> {
  const { status, code } = await client.command(command);
  return status === 'OK' ? 'OK' : `${status} ${code}`;
}

function deed(
  what: string,
  needs: Pick<Deed, 'all' | 'any'>,
  command: (folder: string) => string,
): Deed {
  return { what, ...needs, run: (bob, folder) => codeOf(bob, command(folder)) };
}

/** In this order done, one after the other, none keeps the next from what it needs. */
const ANYWHERE: readonly Deed[] = [
  deed('MYRIGHTS', { all: 'l' }, (folder) => `MYRIGHTS "${folder}"`),
  deed('STATUS', { all: 'lr' }, (folder) => `STATUS "${folder}" (MESSAGES)`),
  deed('GETACL', { all: 'la' }, (folder) => `GETACL "${folder}"`),
  deed('LISTRIGHTS', { all: 'la' }, (folder) => `LISTRIGHTS "${folder}" anyone`),
  deed('SETACL', { all: 'la' }, (folder) => `SETACL "${folder}" -anyone p`),
  deed('DELETEACL', { all: 'la' }, (folder) => `DELETEACL "${folder}" -anyone`),
  deed('APPEND', { all: 'li' }, (folder) => `APPEND "${folder}" {3+}\r\nabc`),
  deed('CREATE', { all: 'lk' }, (folder) => `CREATE "${folder}/below"`),
];
const SELECTED: readonly Deed[] = [
  deed('STORE \\Seen', { all: 's' }, () => 'STORE 1 +FLAGS (\\Seen)'),
  deed('STORE \\Flagged', { all: 'w' }, () => 'STORE 1 +FLAGS (\\Flagged)'),
  deed('STORE of a keyword', { all: 'w' }, () => 'STORE 1 -FLAGS ($Label)'),
  deed('STORE \\Deleted', { all: 't' }, () => 'STORE 1 +FLAGS (\\Deleted)'),
  deed('STORE of several', { any: 'swt' }, () => 'STORE 1 FLAGS (\\Deleted \\Seen $x)'),
  deed('COPY', { all: '' }, () => 'COPY 1 INBOX'),
  deed('COPY into it', { all: 'i' }, (folder) => `COPY 1 "${folder}"`),
  deed('MOVE', { all: 'te' }, () => 'MOVE 3 INBOX'),
  deed('REPLACE', { all: 'tei' }, (folder) => `REPLACE 2 "${folder}" {3+}\r\nnew`),
  deed('EXPUNGE', { all: 'e' }, () => 'EXPUNGE'),
  deed('UID EXPUNGE', { all: 'e' }, () => 'UID EXPUNGE 1:2'),
  deed('CLOSE', { all: '' }, () => 'CLOSE'),
];
const LAST: readonly Deed[] = [
  deed('RENAME', { all: 'lx' }, (folder) => `RENAME "${folder}" "${folder}-new"`),
];

function isAllowed({ all = '', any }: Deed, rights: string): boolean {
  if (any !== undefined && ![...any].some((right) => rights.includes(right))) return false;
  return [...all].every((right) => rights.includes(right));
}

/** Each right alone, all but each, none, all. */
function* subsets(): Generator<string> {
  const all = RIGHTS.join('');
  yield* ['', all];
  for (const right of RIGHTS) yield* [right, `lr${right}`, all.replace(right, '')];
}

test('each command is done by who has the rights that it takes, and refused to everybody else (RFC 4314 §4)', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const anna = await open('CREATE top', `SETACL top ${BOB} lk`);
  let count = 0;
  for (const rights of subsets()) {
    const name = `top/f${++count}`;
    const folder = `${OF_ANNA}/${name}`;
    await anna.ok(`CREATE ${name}`);
    await anna.ok(`SETACL ${name} ${BOB} "${rights}"`);
    for (const subject of ['1', '2', '3']) await anna.append(name, mail(subject), '($Label)');
    await attempt(bob, ANYWHERE, rights, folder);
    const mayRead = rights.includes('l') && rights.includes('r');
    const selected = await codeOf(bob, `SELECT "${folder}"`);
    assert.equal(selected, mayRead ? 'OK' : refusal(rights), `SELECT by ${rights}`);
    if (mayRead) await attempt(bob, SELECTED, rights, folder);
    await attempt(bob, LAST, rights, folder);
    const now = rights.includes('x') && rights.includes('l') ? `${folder}-new` : folder;
    const remove = deed('DELETE', { all: 'lx' }, () => `DELETE "${now}"`);
    await bob.command(`DELETE "${now}/below"`);
    await attempt(bob, [remove], rights, folder);
  }
});

async function attempt(
  bob: ImapClient,
  deeds: readonly Deed[],
  rights: string,
  folder: string,
): Promise<void> {
  for (const each of deeds) {
    const outcome = await each.run(bob, folder);
    const isReadOnly = !/[iesw]|t/.test(rights) && SELECTED.includes(each);
    const refused = isReadOnly && !/COPY/.test(each.what) ? 'NO READ-ONLY' : refusal(rights, each);
    assert.equal(outcome, isAllowed(each, rights) ? 'OK' : refused, `${each.what} by "${rights}"`);
  }
}

/** Who may not look a folder up hears that there is none. */
function refusal(rights: string, { what }: { readonly what?: string } = {}): string {
  if (rights.includes('l') || what === 'CREATE') return 'NO NOPERM';
  return what === 'APPEND' ? 'NO TRYCREATE' : 'NO NONEXISTENT';
}

test('flags are kept as far as the rights go (RFC 4314 §4)', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const anna = await open('CREATE a');
  const a = `"${OF_ANNA}/a"`;
  const flagsOf = async (set: string) => {
    await anna.ok('NOOP');
    return (await anna.fetch(set, 'FLAGS')).map(({ items }) =>
      (items.get('FLAGS') as string[]).filter((flag) => flag !== '\\Recent').join(' '),
    );
  };
  const all = '(\\Seen \\Deleted \\Flagged \\Draft $Forwarded)';
  await bob.append('INBOX', mail('x'), all);
  await bob.ok('SELECT INBOX');
  const put = {
    rwis: '\\Flagged \\Seen \\Draft $Forwarded',
    rsti: '\\Deleted \\Seen',
    ri: '',
    rwi: '\\Flagged \\Draft $Forwarded',
  };
  let number = 0;
  for (const [rights, expected] of Object.entries(put)) {
    await anna.ok(`SETACL a ${BOB} l${rights}`);
    await bob.ok(`COPY 1 ${a}`);
    await bob.append(`${OF_ANNA}/a`, mail('y'), all);
    await anna.ok('SELECT a');
    assert.deepEqual(await flagsOf(`${number + 1}:${number + 2}`), [expected, expected], rights);
    assert.equal((await anna.ok('STATUS a (UNSEEN DELETED)')).untagged.length, 1);
    number += 2;
  }
  await anna.ok(`SETACL a ${BOB} lrs`);
  await bob.ok(`SELECT ${a}`);
  await bob.ok('STORE 1 FLAGS (\\Deleted)');
  assert.deepEqual(await flagsOf('1'), ['\\Flagged \\Draft $Forwarded']);
  await anna.ok(`SETACL a ${BOB} lrw`);
  const silent = await bob.ok('STORE 3 FLAGS.SILENT (\\Answered)');
  assert.deepEqual(await flagsOf('3'), ['\\Answered \\Deleted \\Seen']);
  assert.ok(
    silent.untagged.some((data) => data.type === 'FETCH'),
    'what the client cannot know is told',
  );
  await anna.ok(`SETACL a ${BOB} lrt`);
  await bob.ok('STORE 3 FLAGS ()');
  assert.deepEqual(await flagsOf('3'), ['\\Answered \\Seen']);
});

test('who may not keep \\Seen reads without it; \\Seen is shared by all who see a folder', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  const anna = await open('CREATE a', `SETACL a ${BOB} lrw`);
  await anna.append('a', mail('x'));
  await anna.ok('SELECT a');
  await bob.ok(`SELECT "${OF_ANNA}/a"`);
  const unseen = async () =>
    (await anna.ok('SEARCH UNSEEN')).untagged.flatMap((data) =>
      data.type === 'SEARCH' ? data.numbers : [],
    );
  assert.equal((await bob.fetch('1', 'BODY[]')).length, 1);
  assert.deepEqual(await unseen(), [1]);
  await anna.ok(`SETACL a ${BOB} +s`);
  await bob.ok('NOOP');
  assert.equal((await bob.fetch('1', 'BODY[]')).length, 1);
  await anna.ok('NOOP');
  assert.deepEqual(await unseen(), []);
});
