import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { ALICE } from './server.ts';

const PARTS = ['cur', 'new', 'tmp'];

/** A message of a Maildir. */
export interface Kept {
  readonly path: string;
  /** Letters, sorted: D draft, F flagged, P passed, R replied, S seen, T trashed. */
  readonly flags: string;
  /** As it is in the file, with LF line ends. */
  readonly text: string;
}

/** Subject and flag letters of each message, sorted. */
export type Side = Readonly<Record<string, readonly string[]>>;

/** A Maildir with a directory for each folder, in one another as the folders are, as mbsync's `SubFolders Verbatim` has it. */
export class Maildir {
  readonly root: string;
  #made = 0;

  constructor(root: string) {
    this.root = root;
    mkdirSync(root, { recursive: true });
  }

  makeFolder(folder: string): void {
    for (const sub of PARTS) mkdirSync(join(this.root, folder, sub), { recursive: true });
  }

  /** Removes a folder with all that is in it. */
  dropFolder(folder: string): void {
    rmSync(join(this.root, folder), { recursive: true });
  }

  /** Adds a message with LF line ends. */
  put(folder: string, text: string, flags = ''): void {
    this.#made++;
    const name = `17637${this.#made}.M${this.#made}.local:2,${flags}`;
    writeFileSync(join(this.root, folder, 'cur', name), text, 'latin1');
  }

  add(folder: string, subject: string, flags = ''): void {
    const text = `From: ${ALICE}\nSubject: ${subject}\nMessage-ID: <${subject}@local>\n\n\xc3\x84 local text\n`;
    this.put(folder, text, flags);
  }

  /** Gives a message other flags. */
  mark({ path }: Kept, flags: string): void {
    const name = basename(path).replace(/:2,.*/, '');
    renameSync(path, join(path, '../../cur', `${name}:2,${flags}`));
  }

  /** Moves a message to another folder, as somebody who knows that names of files tell what program has seen them. */
  move({ path }: Kept, folder: string): void {
    const name = basename(path).replace(/,(U|FMD5)=[^,:]*/g, '');
    renameSync(path, join(this.root, folder, 'cur', name));
  }

  setFlags(folder: string, subject: string, flags: string): void {
    this.mark(this.#find(folder, subject), flags);
  }

  remove(folder: string, subject: string): void {
    rmSync(this.#find(folder, subject).path);
  }

  #find(folder: string, subject: string): Kept {
    const found = this.messages(folder).find(({ text }) => subjectOf(text) === subject);
    assert.ok(found !== undefined, `${folder} has no ${subject}`);
    return found;
  }

  messages(folder: string): readonly Kept[] {
    return ['cur', 'new'].flatMap((sub) => {
      const dir = join(this.root, folder, sub);
      return readdirSync(dir).map((name) => ({
        path: join(dir, name),
        flags: (/:2,(.*)/.exec(name)?.[1] ?? '').split('').toSorted().join(''),
        text: readFileSync(join(dir, name), 'latin1'),
      }));
    });
  }

  folders(prefix = ''): readonly string[] {
    const dirs = readdirSync(join(this.root, prefix), { withFileTypes: true });
    if (prefix !== '' && !dirs.some(({ name }) => name === 'cur')) return [];
    const below = dirs
      .filter((entry) => entry.isDirectory() && !PARTS.includes(entry.name))
      .flatMap(({ name }) => this.folders(prefix === '' ? name : `${prefix}/${name}`));
    return prefix === '' ? below.toSorted() : [prefix, ...below];
  }

  list(): Side {
    const sides: Record<string, readonly string[]> = {};
    for (const folder of this.folders())
      sides[folder] = this.messages(folder)
        .map(({ text, flags }) => `${subjectOf(text)} ${flags}`)
        .toSorted();
    return sides;
  }

  /** All that must stay as it is when there is nothing to do: every path with its size and times. */
  fingerprint(): readonly string[] {
    return readdirSync(this.root, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\/(cur|new)\//.test(name))
      .map((name) => `${name} ${statSync(join(this.root, name)).mtimeMs}`)
      .toSorted();
  }
}

function subjectOf(text: string): string {
  return /^Subject: (.*?)\r?$/m.exec(text)![1]!;
}
