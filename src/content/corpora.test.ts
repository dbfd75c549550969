/** Real mail, and the structures other parsers see in difficult mail. Skipped where the samples are absent. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { unfold } from './header.ts';
import { encodeWire, MessageParser, type Part, parseAddressList, parseMessage } from './index.ts';
import { checkProperties } from './soundness.conformance.ts';

const CORPORA = resolve(import.meta.dirname, '../../../shared/corpora');
const skip = existsSync(CORPORA) ? false : 'the sample mails (../shared/corpora) are not there';

function filesIn(folder: string, wanted: RegExp): string[] {
  const root = join(CORPORA, folder);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => wanted.test(name))
    .map((name) => join(root, name))
    .sort();
}

test('every sample is sound, and in random pieces the same', { skip }, () => {
  const files = [
    ...filesIn('spamassassin', /\.eml$/),
    ...filesIn('mime4j', /\.msg$/),
    ...filesIn('mail-parser', /\.eml$/),
    ...filesIn('python-email', /\.txt$/),
    ...filesIn('notmuch', /corpora\/.*\d$|corpora\/.*[a-z]$/).filter(
      (path) => !path.includes('.') && existsSync(path),
    ),
  ];
  let seed = 1;
  let seen = 0;
  for (const file of files) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(file);
    } catch {
      continue;
    }
    seen++;
    const whole = parseMessage(bytes);
    try {
      checkProperties(bytes, whole);
      const parser = new MessageParser();
      for (let at = 0; at < bytes.length; ) {
        seed = (seed * 48_271) % 2_147_483_647;
        const size = 1 + (seed % (seed % 7 === 0 ? 5 : 3000));
        parser.push(bytes.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(parser.end(), whole);
    } catch (error) {
      throw new Error(`${file}: ${String(error)}`, { cause: error });
    }
  }
  assert.ok(seen > 2400, `only ${seen} samples`);
});

/** M[…] a multipart, R[…] an embedded message, L anything else. */
function outline(part: Part): string {
  if (part.children.length === 0) return 'L';
  return `${part.type === 'multipart' ? 'M' : 'R'}[${part.children.map(outline).join(' ')}]`;
}

interface XmlNode {
  readonly name: string;
  readonly children: XmlNode[];
}

/** Outline of a structure that is written as nested XML elements. */
function outlineOfXml(xml: string): string {
  const root: XmlNode = { name: '', children: [] };
  const open = [root];
  for (const [, slash, name] of xml.matchAll(/<(\/?)(message|multipart|body-part|body)>/g)) {
    if (slash === '/') open.pop();
    else {
      const node: XmlNode = { name: name!, children: [] };
      open.at(-1)!.children.push(node);
      open.push(node);
    }
  }
  const render = (node: XmlNode): string => {
    const [content] = node.children;
    if (content?.name === 'message') return `R[${render(content)}]`;
    if (content?.name !== 'multipart') return 'L';
    const parts = content.children.filter((child) => child.name === 'body-part').map(render);
    return `M[${parts.join(' ')}]`;
  };
  return render(root.children[0]!);
}

const ENCODED =
  'a base64 message/rfc822 stays opaque: its offsets would not be those of the message';
const PARTLESS = 'a multipart without parts is text, so that its content can be read';

/** Where this parser sees something else, and why. */
const MIME4J_DEVIATIONS: Readonly<Record<string, string>> = {
  'badbound.msg': PARTLESS,
  'missing-boundary.msg': PARTLESS,
  'missing-inner-boundary.msg': PARTLESS,
  'missing-inner-start-boundary.msg': PARTLESS,
  'multipartnopart.msg': PARTLESS,
  'multi-2gifs-base64.msg': ENCODED,
  'bad-newlines-multiple-parts-base64.msg': ENCODED,
  'base64encoded-rfc822message-nested.msg': ENCODED,
  'base64encoded-rfc822message.msg': ENCODED,
  'ending-boundaries.msg': 'text behind a delimiter makes the line none',
  'very-long-boundary.msg': 'a boundary of more than 512 characters is none',
  'very-very-long-boundary.msg': 'a boundary of more than 512 characters is none',
  'weird-boundary.msg': 'blanks at the end of a boundary do not count (RFC 2046 §5.1.1)',
};

test('structures agree with those recorded for mime4j', { skip }, () => {
  const deviating: string[] = [];
  let compared = 0;
  for (const file of filesIn('mime4j', /\.msg$/)) {
    const expected = file.replace(/\.msg$/, '.xml');
    if (!existsSync(expected)) continue;
    compared++;
    const found = outline(parseMessage(readFileSync(file)).structure);
    if (found !== outlineOfXml(readFileSync(expected, 'latin1'))) deviating.push(basename(file));
  }
  assert.equal(compared, 80);
  assert.deepEqual(deviating.sort(), Object.keys(MIME4J_DEVIATIONS).sort());
});

interface RecordedHeader {
  readonly name: string;
  readonly value: { readonly Text?: string };
}
interface RecordedMessage {
  readonly parts: readonly {
    readonly headers: readonly RecordedHeader[];
    readonly body: { readonly Multipart?: readonly number[]; readonly Message?: RecordedMessage };
  }[];
}

function outlineOfRecord(message: RecordedMessage, index: number): string {
  const { body } = message.parts[index]!;
  if (body.Message !== undefined) return `R[${outlineOfRecord(body.Message, 0)}]`;
  if (body.Multipart === undefined) return 'L';
  return `M[${body.Multipart.map((child) => outlineOfRecord(message, child)).join(' ')}]`;
}

const PREFIX = 'a delimiter matches whole, not by its beginning';
const UNCLOSED =
  'a part that begins right before the end, or is cut off by another delimiter, is there all the same';
const MAIL_PARSER_DEVIATIONS: Readonly<Record<string, string>> = {
  'malformed/000': UNCLOSED,
  'malformed/001': PREFIX,
  'malformed/004': PARTLESS,
  'malformed/007': PARTLESS,
  'malformed/008': PREFIX,
  'malformed/009': PREFIX,
  'malformed/011': PREFIX,
  'malformed/012': PREFIX,
  'malformed/013': UNCLOSED,
  'malformed/014': UNCLOSED,
  'malformed/016': PREFIX,
  'malformed/020': 'an outer delimiter ends the inner multipart that was never closed',
  'malformed/021': 'an outer delimiter ends the inner multipart that was never closed',
  'malformed/022': 'an embedded message without any header is one',
  'rfc/008': ENCODED,
  'thirdparty/015': 'embedded messages that are cut off end where their parent goes on',
};

test('structures and subjects agree with those recorded for mail-parser', { skip }, () => {
  const deviating: string[] = [];
  const subjects: string[] = [];
  let compared = 0;
  for (const file of filesIn('mail-parser', /eml\/[a-z]+\/\d+\.eml$/)) {
    const record = file.replace(/\.eml$/, '.json');
    if (!existsSync(record)) continue;
    compared++;
    const expected = JSON.parse(readFileSync(record, 'utf8')) as RecordedMessage;
    const found = parseMessage(readFileSync(file));
    const name = `${basename(dirname(file))}/${basename(file, '.eml')}`;
    if (outline(found.structure) !== outlineOfRecord(expected, 0)) deviating.push(name);
    const subject = expected.parts[0]!.headers.find((header) => header.name === 'subject')?.value
      .Text;
    const squeeze = (text: string): string => text.replace(/\s+/g, ' ').trim();
    if (squeeze(subject ?? '') !== squeeze(found.subject)) subjects.push(name);
  }
  assert.equal(compared, 107);
  assert.deepEqual(deviating.sort(), Object.keys(MAIL_PARSER_DEVIATIONS).sort());
  // Raw Latin-1: the record has U+FFFD there, this parser the umlaut.
  assert.deepEqual(subjects, [
    'legacy/010',
    'legacy/020',
    'legacy/022',
    'legacy/027',
    'legacy/052',
  ]);
});

interface RecordedAddress {
  readonly name: string | null;
  readonly address: string;
}

test('addresses agree with those recorded for mail-parser, comments aside', { skip }, () => {
  const records = JSON.parse(
    readFileSync(join(CORPORA, 'mail-parser/resources/address.json'), 'utf8'),
  ) as readonly { header: string; expected: { List?: readonly RecordedAddress[] } | null }[];
  const deviating: string[] = [];
  let compared = 0;
  for (const { header, expected } of records) {
    // Their names take in comments, and what stands in List-* fields is no address list.
    if (expected?.List === undefined || /[()]|<\w+:\S*[/?@]/.test(header)) continue;
    compared++;
    const found = parseAddressList(unfold(encodeWire(header))).map((entry) =>
      entry.kind === 'group' ? entry.name : [entry.name ?? null, entry.address],
    );
    const wanted = expected.List.map(({ name, address }) => [name ?? null, address]);
    if (JSON.stringify(found) !== JSON.stringify(wanted)) deviating.push(header);
  }
  assert.ok(compared >= 20, `only ${compared}`);
  assert.deepEqual(
    deviating.map((header) => header.slice(0, 30)),
    [
      // A route is dropped from the address, and blanks around the dots of a domain are too.
      'Mary Smith <@node.test:mary@ex',
      // The record holds two fields; here the value goes on.
      '"=?ISO-8859-1?Q =?ISO-8859-1?Q',
    ],
  );
});
