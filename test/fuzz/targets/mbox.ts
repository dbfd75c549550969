import assert from 'node:assert/strict';
import { fromLineDate } from '../../../src/admin/import/from-line.ts';
import { headerDate, headerFlags, isFolderRecord } from '../../../src/admin/import/header-facts.ts';
import { folderLevels, keywordList, maildirFlags } from '../../../src/admin/import/maildir-name.ts';
import { MboxSplitter } from '../../../src/admin/import/mbox-splitter.ts';
import { entity, MAIL_WORDS } from '../grammar/mail.ts';
import { inPieces, type Random } from '../random.ts';
import { type Target, wire } from '../target.ts';

const SEPARATORS = [
  'From a@b.test Mon Feb  2 10:00:00 2026',
  'From - Mon Feb  2 10:00:00 2026',
  'From MAILER-DAEMON Fri Jul 11 10:00:00 2025 +0200',
  'From x',
  'From ',
  '>From a@b Mon Feb  2 10:00:00 2026',
  '>>From x',
  ' From a Mon Feb  2 10:00:00 2026',
];

function mbox(random: Random): string {
  const message = (): string => {
    const body = entity(random, 1);
    const length = random.oneIn(3)
      ? `Content-Length: ${random.pick(['0', '5', `${body.length}`, '999999'])}\r\n`
      : '';
    const end = random.pick(['\n', '\n\n', '\r\n\r\n', '']);
    return `${random.pick(SEPARATORS)}${random.pick(['\n', '\r\n'])}${length}${body}${end}`;
  };
  return random.some(1, 5, message).join('');
}

interface Split {
  readonly offset: number;
  readonly receivedMs: number | undefined;
  readonly content: string;
}

/** Cuts an mbox as the import does; a question is answered by the whole file. */
function split(file: Buffer, pieces: readonly Buffer[], dated: boolean): readonly Split[] {
  const splitter = new MboxSplitter({ dated });
  const messages: { offset: number; receivedMs: number | undefined; content: string }[] = [];
  let open = false;
  const advance = (): void => {
    for (;;) {
      for (const event of splitter.advance()) {
        assert.equal(open, event.kind !== 'begin', 'messages begin and end in turn');
        if (event.kind === 'begin')
          messages.push({ offset: event.offset, receivedMs: event.receivedMs, content: '' });
        if (event.kind === 'bytes') messages.at(-1)!.content += event.bytes.toString('latin1');
        open = event.kind !== 'end';
      }
      if (splitter.question === undefined) return;
      splitter.answer(endsAt(file, splitter.question));
    }
  };
  for (const piece of pieces) {
    splitter.give(piece);
    advance();
  }
  splitter.finish();
  advance();
  assert.ok(!open, 'the last message ends');
  return messages;
}

function endsAt(file: Buffer, offset: number): boolean {
  if (offset >= file.length) return offset === file.length;
  const rest = file.toString('latin1', offset).replace(/^(?:\r?\n){1,2}/, '');
  return file[offset - 1] === 10 && (rest === '' || rest.startsWith('From '));
}

/** The splitter of mbox files, and what file names and headers of mail folders tell. */
export const target: Target = {
  name: 'mbox',
  seeds: [
    'From a Mon Feb  2 10:00:00 2026\nA: b\n\nx\n\nFrom b Mon Feb  2 10:00:00 2026\n\n>From y\n',
  ],
  words: [
    ...SEPARATORS,
    '\n\nFrom ',
    '>',
    'Content-Length: 5\n',
    '\n',
    '\r\n',
    ':2,RS',
    '&AOQ-',
    '.a.b',
    ...MAIL_WORDS.slice(0, 20),
  ],
  // A line is looked at again with each piece; files are read in large ones.
  bytesMax: 4000,
  generate: (random) => wire(mbox(random)),
  run(input) {
    // As the import does it: the first line is a separator, and says whether separators have dates.
    const text = input.toString('latin1');
    const first = text.replace(/^(?:\r?\n)+/, '').split(/\r?\n/, 1)[0]!;
    const dated = fromLineDate(first) !== undefined;
    headerFlags(input);
    headerDate(input, undefined);
    isFolderRecord(input);
    maildirFlags(text, keywordList(text));
    for (const level of folderLevels(text)) assert.ok(level.isWellFormed());
    if (!first.startsWith('From ') || first.length > 900) return 'no mbox';
    const whole = split(input, [input], dated);
    assert.deepEqual(split(input, inPieces(input), dated), whole, 'the same however it is cut');
    const bytes = whole.reduce((sum, { content }) => sum + content.length, 0);
    assert.ok(bytes <= input.length, 'no byte comes twice');
    for (const { offset } of whole) assert.ok(offset < input.length);
    return `${dated} ${Math.min(9, whole.length)} messages`;
  },
};
