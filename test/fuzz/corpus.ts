import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, 'corpus');

/** A file of the corpus. */
export interface CorpusFile {
  readonly path: string;
  readonly input: Buffer;
}

/** The inputs that are kept of a target: what once broke it, and what is worth beginning with. */
export function readCorpus(target: string): readonly CorpusFile[] {
  const folder = join(ROOT, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .map((path) => ({ path, input: readFileSync(path) }));
}

/** Keeps an input. @returns its path from the working directory */
export function keepInput(target: string, kind: 'finding' | 'seed', input: Buffer): string {
  const folder = join(ROOT, target);
  const digest = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const path = join(folder, `${kind}-${digest}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, input);
  return relative(process.cwd(), path);
}
