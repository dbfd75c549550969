import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const CORPORA = resolve(import.meta.dirname, '../../../shared/corpora');

/** Why scenarios with real mail are skipped; false when the samples are there. */
export const skipWithoutCorpora = existsSync(CORPORA)
  ? false
  : 'the sample mails (../shared/corpora) are not there';

/** Real mails, as files hold them: those with odd MIME first, then an even choice of the many. */
export function realMails(count: number): readonly Buffer[] {
  const odd = [...filesIn('mime4j', /\.msg$/), ...filesIn('python-email', /\.txt$/)];
  const many = filesIn('spamassassin', /\.eml$/);
  const oddCount = Math.min(odd.length, Math.floor(count / 4));
  const files = [...spread(odd, oddCount), ...spread(many, count - oddCount)];
  return files.map((file) => readFileSync(file)).filter((mail) => mail.length > 0);
}

function filesIn(folder: string, wanted: RegExp): string[] {
  const root = join(CORPORA, folder);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => wanted.test(name))
    .sort()
    .map((name) => join(root, name));
}

/** `count` of the items, over all of them. */
function spread<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  return Array.from(
    { length: Math.min(count, items.length) },
    (_, i) => items[Math.floor(i * step)]!,
  );
}

/** What a client must do before DATA: every line ends with CRLF, the last one too (RFC 5321 §2.3.8). */
export function withCrlf(mail: Buffer): Buffer {
  const text = mail.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
  return Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1');
}
