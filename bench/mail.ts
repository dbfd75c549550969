import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NewMail } from './imap-connection.ts';

const MINUTE_MS = 60_000;
const FIRST_MS = Date.UTC(2024, 0, 1);
const WORDS = 20_000;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const SYLLABLES =
  'ba be bo ca ce co da de do fa fe ga ge gi go ha he ho ka ke ki la le li lo ma me mi mo na ne no pa pe pi ra re ri ro sa se si so ta te ti to va ve vi wa we'.split(
    ' ',
  );
const NAMES = Array.from({ length: 200 }, (_, index) => wordAt(WORDS + index));

/** A word of the vocabulary; low numbers are the common ones. */
export function wordAt(index: number): string {
  let word = '';
  for (let rest = index + 2500; rest > 0; rest = Math.floor(rest / SYLLABLES.length))
    word += SYLLABLES[rest % SYLLABLES.length]!;
  return word;
}

/** Numbers in [0, 1) that depend on the seed alone. */
function randomOf(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const VOCABULARY = Array.from({ length: WORDS }, (_, index) => wordAt(index));

function textOf(random: () => number, words: number): string {
  let text = '';
  for (let i = 0; i < words; i++)
    // Few words are common and many are rare, as in any language.
    text += `${VOCABULARY[Math.floor(WORDS * random() ** 4)]}${i % 12 === 11 ? '\r\n' : ' '}`;
  return text;
}

function dateOf(ms: number): readonly [field: string, internal: string] {
  const date = new Date(ms);
  const [day, month] = [date.getUTCDate(), MONTHS[date.getUTCMonth()]];
  const time = date.toISOString().slice(11, 19);
  const year = date.getUTCFullYear();
  return [
    `${day} ${month} ${year} ${time} +0000`,
    `${String(day).padStart(2)}-${month}-${year} ${time} +0000`,
  ];
}

/** One of a sequence of messages that look like mail: threads of about five, some in two forms, some with an attachment. */
export function mailAt(index: number, words = 300): NewMail {
  const random = randomOf(index);
  const thread = index - (index % 97) + (index % 19);
  const root = randomOf(thread);
  const subject = `${index === thread ? '' : 'Re: '}${textOf(root, 4).trim()}`;
  const [from, to] = [0, 0].map(() => NAMES[Math.floor(random() * NAMES.length)]!);
  const [date, internal] = dateOf(FIRST_MS + index * MINUTE_MS + random() * 240 * MINUTE_MS);
  const references = index === thread ? '' : `References: <${thread}@bench.test>\r\n`;
  const head =
    `Received: from relay.bench.test by mx.test.local with ESMTP id ${index}; ${date}\r\n` +
    `From: ${from} <${from}@elsewhere.test>\r\nTo: ${to} <${to}@test.local>\r\nSubject: ${subject}\r\n` +
    `Date: ${date}\r\nMessage-ID: <${index}@bench.test>\r\n${references}MIME-Version: 1.0\r\n`;
  const text = textOf(random, Math.ceil(words * (0.5 + random())));
  const bytes = Buffer.from(head + bodyOf(index, text), 'latin1');
  const flags = [index % 3 === 0 ? '\\Seen' : '', index % 50 === 0 ? '\\Flagged' : ''];
  return { options: `(${flags.join(' ').trim()}) "${internal}"`, bytes };
}

function bodyOf(index: number, text: string): string {
  const plain = `Content-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n`;
  if (index % 5 !== 0) return plain;
  const boundary = `b${index}`;
  const other =
    index % 10 === 0
      ? `Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(text)}\r\n`
      : `Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>${text.replaceAll('\r\n', '<br>=\r\n')}</p>\r\n`;
  const kind = index % 10 === 0 ? 'mixed' : 'alternative';
  return `Content-Type: multipart/${kind}; boundary=${boundary}\r\n\r\n--${boundary}\r\n${plain}--${boundary}\r\n${other}--${boundary}--\r\n`;
}

function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64').replaceAll(/.{76}/g, '$&\r\n');
}

/**
 * So many messages: those below the directory that BENCH_CORPUS names, again and again with another first line, or else
 * made up.
 */
export function* mails(count: number, words?: number): Generator<NewMail> {
  const corpus = process.env['BENCH_CORPUS'];
  const files = corpus === undefined ? [] : messagesBelow(corpus);
  for (let index = 0; index < count; index++) {
    const file = files[index % files.length];
    if (file === undefined) yield mailAt(index, words);
    else {
      const bytes = Buffer.concat([Buffer.from(`X-Serial: ${index}\r\n`), file]);
      yield { ...mailAt(index, 1), bytes };
    }
  }
}

/** What the mail of a run is, for the notes of a table. */
export function describeMails(): string {
  return process.env['BENCH_CORPUS'] === undefined ? 'generated mail' : 'a corpus of real mail';
}

function messagesBelow(dir: string): readonly Buffer[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => withCrlf(readFileSync(path, 'latin1')));
}

function withCrlf(text: string): Buffer {
  const message = text.replace(/^From .*\n/, '').replaceAll(/\r?\n/g, '\r\n');
  return Buffer.from(message.replaceAll('\0', ''), 'latin1');
}
