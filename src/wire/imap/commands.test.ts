import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandBody, isCancel, isDone, parseCommand } from './commands.ts';

function body(line: string, utf8Names = false): CommandBody {
  const result = parseCommand(Buffer.from(`a1 ${line}`), { utf8Names });
  assert.ok(result.ok, result.ok ? '' : result.text);
  assert.equal(result.command.tag, 'a1');
  return result.command.body;
}

/** The answer to a command that is not understood. */
function refusal(line: string, whole = false): string {
  const result = parseCommand(Buffer.from(whole ? line : `a1 ${line}`, 'latin1'), {
    utf8Names: false,
  });
  assert.ok(!result.ok, `accepted: ${line}`);
  assert.match(result.text, /^[\x20-\x7e]+$/);
  const code = result.code === undefined ? '' : `[${result.code}] `;
  return `${result.tag} ${result.status} ${code}${result.text}`;
}

test('commands without arguments', () => {
  for (const name of [
    'CAPABILITY',
    'NOOP',
    'LOGOUT',
    'STARTTLS',
    'NAMESPACE',
    'IDLE',
    'CHECK',
    'CLOSE',
    'UNSELECT',
    'EXPUNGE',
  ])
    assert.deepEqual(body(name.toLowerCase()), { name });
  assert.deepEqual(body('NOOP  '), { name: 'NOOP' });
});

test('what is wrong is said with what would be right', () => {
  assert.equal(refusal('', true), '* BAD expected a tag, a space and a command, such as: a1 NOOP');
  assert.equal(
    refusal('a+ NOOP', true),
    '* BAD expected a tag, a space and a command, such as: a1 NOOP',
  );
  assert.equal(
    refusal('a1', true),
    '* BAD expected a tag, a space and a command, such as: a1 NOOP',
  );
  assert.equal(refusal('NOOP x'), 'a1 BAD NOOP: expected the end of the command, found "x"');
  assert.equal(
    refusal('FROB'),
    'a1 BAD command: expected a command of IMAP4rev2 or IMAP4rev1, found "FROB"',
  );
  assert.equal(
    refusal('UID NOOP'),
    'a1 BAD UID: expected FETCH, STORE, SEARCH, SORT, THREAD, COPY, MOVE, EXPUNGE, REPLACE, found "NOOP"',
  );
  assert.equal(refusal('FETCH x FLAGS'), 'a1 BAD FETCH: expected a sequence set, found "x"');
  assert.equal(
    refusal('UID FETCH 1'),
    'a1 BAD UID FETCH: expected a space and what to fetch, found the end of the line',
  );
});

test('LOGIN takes atoms, quoted strings and literals, in UTF-8', () => {
  const login = { name: 'LOGIN', user: 'jöe', password: 'a"\\ü' };
  assert.deepEqual(body('LOGIN jöe "a\\"\\\\ü"'), login);
  assert.deepEqual(body('login {4+}\r\njöe {5}\na"\\ü'), login);
  assert.deepEqual(body('LOGIN "" ""'), { name: 'LOGIN', user: '', password: '' });
  assert.equal(refusal('LOGIN a "b'), 'a1 BAD LOGIN: a quoted string is not closed by "');
  assert.equal(
    refusal('LOGIN a "\\b"'),
    'a1 BAD LOGIN: a backslash in a quoted string must precede " or \\',
  );
  assert.equal(refusal('LOGIN a \xff'), 'a1 BAD LOGIN: a string is not valid UTF-8');
  assert.equal(refusal('LOGIN a {2}\r\n\0b'), 'a1 BAD LOGIN: a literal here must not contain NUL');
  assert.match(refusal('LOGIN a {9}\r\nb'), /expected the bytes of the literal/);
  assert.match(refusal('LOGIN a {2}ab'), /expected a literal/);
});

test('AUTHENTICATE with and without an initial response', () => {
  assert.deepEqual(body('AUTHENTICATE plain'), { name: 'AUTHENTICATE', mechanism: 'PLAIN' });
  const withInitial = body('AUTHENTICATE PLAIN AGEAYg==');
  assert.ok(withInitial.name === 'AUTHENTICATE');
  assert.equal(withInitial.initialResponse?.toString(), '\0a\0b');
  const empty = body('AUTHENTICATE EXTERNAL =');
  assert.ok(empty.name === 'AUTHENTICATE');
  assert.equal(empty.initialResponse?.length, 0);
  for (const wrong of ['A', '==', 'AGE AYg==', '*'])
    assert.match(refusal(`AUTHENTICATE PLAIN ${wrong}`), /must be base64/);
});

test('ID and ENABLE', () => {
  assert.deepEqual(body('ID NIL'), { name: 'ID' });
  assert.deepEqual(body('ID ()'), { name: 'ID', fields: new Map() });
  assert.deepEqual(body('ID ("Name" "x" "os" NIL)'), {
    name: 'ID',
    fields: new Map([
      ['name', 'x'],
      ['os', null],
    ]),
  });
  assert.match(refusal(`ID (${Array(31).fill('"a" "b"').join(' ')})`), /more than 30 items/);
  assert.deepEqual(body('ENABLE qresync UTF8=ACCEPT'), {
    name: 'ENABLE',
    capabilities: ['QRESYNC', 'UTF8=ACCEPT'],
  });
});

test('SELECT and EXAMINE with CONDSTORE and QRESYNC', () => {
  assert.deepEqual(body('SELECT inbox'), { name: 'SELECT', mailbox: 'INBOX', condstore: false });
  assert.deepEqual(body('EXAMINE x (CONDSTORE)'), {
    name: 'EXAMINE',
    mailbox: 'x',
    condstore: true,
  });
  assert.deepEqual(
    body('SELECT x (QRESYNC (67890007 90060115194045000 41:211,1:5 (1:2,5 3,4,9)))'),
    {
      name: 'SELECT',
      mailbox: 'x',
      condstore: false,
      qresync: {
        uidValidity: 67890007,
        modSeq: Number.MAX_SAFE_INTEGER,
        knownUids: [
          { first: 1, last: 5 },
          { first: 41, last: 211 },
        ],
        match: {
          seqs: [
            { first: 1, last: 2 },
            { first: 5, last: 5 },
          ],
          uids: [
            { first: 3, last: 4 },
            { first: 9, last: 9 },
          ],
        },
      },
    },
  );
  assert.deepEqual(body('SELECT x (QRESYNC (1 2 (1 1)))'), {
    name: 'SELECT',
    mailbox: 'x',
    condstore: false,
    qresync: {
      uidValidity: 1,
      modSeq: 2,
      match: { seqs: [{ first: 1, last: 1 }], uids: [{ first: 1, last: 1 }] },
    },
  });
  assert.match(refusal('SELECT x (QRESYNC (1 2 1:*))'), /not allowed in known UIDs/);
  assert.match(refusal('SELECT x (QRESYNC (1 2 1 (1:2 5)))'), /as many known sequence numbers/);
});

test('mailbox names: modified UTF-7 or UTF-8, in NFC', () => {
  assert.deepEqual(body('DELETE Entw&APw-rfe'), { name: 'DELETE', mailbox: 'Entwürfe' });
  assert.deepEqual(body('DELETE "u\u0308 & x"', true), { name: 'DELETE', mailbox: 'ü & x' });
  assert.deepEqual(body('SUBSCRIBE {5+}\r\niNbOx'), { name: 'SUBSCRIBE', mailbox: 'INBOX' });
  assert.deepEqual(body('RENAME a "b c"'), { name: 'RENAME', from: 'a', to: 'b c' });
  assert.equal(
    refusal('DELETE "a & b"'),
    'a1 NO [CANNOT] DELETE: the mailbox name is not modified UTF-7',
  );
});

test('CREATE with special uses', () => {
  assert.deepEqual(body('CREATE x'), { name: 'CREATE', mailbox: 'x', uses: [] });
  assert.deepEqual(body('CREATE x (USE (\\sent \\Drafts))'), {
    name: 'CREATE',
    mailbox: 'x',
    uses: ['\\Sent', '\\Drafts'],
  });
  assert.match(
    refusal('CREATE x (USE (\\Foo))'),
    /^a1 NO \[USEATTR\] CREATE: \\Foo is no special use/,
  );
});

test('LIST, plain and extended, and LSUB', () => {
  const plain = {
    name: 'LIST',
    extended: false,
    select: new Set(),
    reference: '',
    patterns: ['%/*'],
    returns: new Set(),
  };
  assert.deepEqual(body('LIST "" %/*'), plain);
  assert.deepEqual(
    body('LIST (SUBSCRIBED RECURSIVEMATCH) "" ("a" b*) RETURN (children STATUS (messages unseen))'),
    {
      name: 'LIST',
      extended: true,
      select: new Set(['SUBSCRIBED', 'RECURSIVEMATCH']),
      reference: '',
      patterns: ['a', 'b*'],
      returns: new Set(['CHILDREN']),
      status: ['MESSAGES', 'UNSEEN'],
    },
  );
  assert.deepEqual(body('LIST () "" "" RETURN ()'), { ...plain, extended: true, patterns: [''] });
  assert.deepEqual(body('LSUB "" "*"'), { name: 'LSUB', reference: '', pattern: '*' });
  assert.match(refusal('LIST (RECURSIVEMATCH) "" *'), /needs SUBSCRIBED/);
  assert.match(refusal('LIST (FOO) "" *'), /expected one of SUBSCRIBED, REMOTE/);
  assert.match(refusal('LIST "" * FOO'), /expected RETURN/);
});

test('STATUS', () => {
  assert.deepEqual(body('STATUS x (messages SIZE RECENT HIGHESTMODSEQ MAILBOXID SIZE)'), {
    name: 'STATUS',
    mailbox: 'x',
    items: ['MESSAGES', 'SIZE', 'RECENT', 'HIGHESTMODSEQ', 'MAILBOXID'],
  });
  assert.match(refusal('STATUS x (FOO)'), /expected one of MESSAGES/);
  assert.match(refusal('STATUS x ()'), /expected a status item/);
});

test('STORE', () => {
  const set = { ranges: [{ first: 1, last: 1 }], saved: false };
  assert.deepEqual(body('STORE 1 +FLAGS.SILENT (\\seen $Junk \\SEEN $junk)'), {
    name: 'STORE',
    uid: false,
    set,
    op: 'add',
    silent: true,
    flags: ['\\Seen', '$Junk'],
  });
  assert.deepEqual(body('UID STORE 1 (UNCHANGEDSINCE 0) -flags a \\Deleted'), {
    name: 'STORE',
    uid: true,
    set,
    op: 'remove',
    silent: false,
    flags: ['a', '\\Deleted'],
    unchangedSince: 0,
  });
  assert.deepEqual(body('STORE 1 FLAGS ()'), {
    name: 'STORE',
    uid: false,
    set,
    op: 'set',
    silent: false,
    flags: [],
  });
  assert.match(refusal('STORE 1 FLAGS \\Recent'), /\\Recent is not a flag that can be set/);
  assert.match(refusal('STORE 1 FLAG x'), /expected FLAGS, \+FLAGS or -FLAGS/);
});

test('COPY, MOVE and UID EXPUNGE', () => {
  const set = { ranges: [{ first: 2, last: Number.POSITIVE_INFINITY }], saved: false };
  assert.deepEqual(body('COPY 2:* x'), { name: 'COPY', uid: false, set, mailbox: 'x' });
  assert.deepEqual(body('UID MOVE $ x'), {
    name: 'MOVE',
    uid: true,
    set: { ranges: [], saved: true },
    mailbox: 'x',
  });
  assert.deepEqual(body('UID EXPUNGE 2:*'), { name: 'EXPUNGE', uids: set });
  assert.match(refusal('EXPUNGE 1'), /expected the end of the command/);
});

test('the lines that end IDLE and AUTHENTICATE', () => {
  assert.equal(isDone(Buffer.from('done ')), true);
  assert.equal(isDone(Buffer.from('DONEX')), false);
  assert.equal(isDone(Buffer.from('')), false);
  assert.equal(isCancel(Buffer.from('*')), true);
  assert.equal(isCancel(Buffer.from('**')), false);
});

test('spaces are forgiven where one is wanted, and at the end of lists', () => {
  for (const [sent, meant] of [
    ['LOGIN  "ann"  ""  ', 'LOGIN "ann" ""'],
    [' FETCH  1:*   ( FLAGS  UID )', 'FETCH 1:* (FLAGS UID)'],
    [
      'UID  FETCH 1 (BODY.PEEK[HEADER.FIELDS ( From  To )])',
      'UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (From To)])',
    ],
    ['LIST  ""  "%"  ', 'LIST "" "%"'],
    [
      'LIST ( SUBSCRIBED ) "" "*" RETURN ( SPECIAL-USE )',
      'LIST (SUBSCRIBED) "" "*" RETURN (SPECIAL-USE)',
    ],
    ['STATUS  INBOX  ( MESSAGES  UNSEEN )', 'STATUS INBOX (MESSAGES UNSEEN)'],
    ['UID STORE 1 +FLAGS ( \\Seen  $label1 ) ', 'UID STORE 1 +FLAGS (\\Seen $label1)'],
    ['UID STORE 1 FLAGS ( )', 'UID STORE 1 FLAGS ()'],
    ['UID SEARCH  1:*   NOT  DELETED', 'UID SEARCH 1:* NOT DELETED'],
    ['SELECT  INBOX  ( CONDSTORE ) ', 'SELECT INBOX (CONDSTORE)'],
    ['AUTHENTICATE  PLAIN  AGEAYg==  ', 'AUTHENTICATE PLAIN AGEAYg=='],
    ['ID  ( "name"  "x" ) ', 'ID ("name" "x")'],
  ] as const)
    assert.deepEqual(body(sent), body(meant), sent);
  assert.match(refusal('FETCH 1 (FLAGSUID)'), /BAD/);
  assert.match(refusal('FETCH 1 ( )'), /what to fetch/);
  assert.match(refusal('UID SEARCH\t1:*'), /a space/);
});
