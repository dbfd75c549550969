import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

/** Who may import whom: the table of docs/architecture.md. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  model: ['kernel'],
  wire: ['kernel', 'model'],
  content: ['kernel', 'model', 'wire'],
  storage: ['kernel', 'model'],
  directory: ['kernel', 'model', 'storage'],
  store: ['kernel', 'model', 'content', 'storage'],
  transfer: ['kernel', 'model', 'content', 'storage', 'directory', 'store'],
  connectors: ['kernel', 'model', 'wire', 'content', 'directory', 'transfer'],
  protocols: ['kernel', 'model', 'wire', 'content', 'directory', 'store', 'transfer'],
  admin: ['kernel', 'model', 'content', 'directory', 'store', 'transfer'],
};
/** The shells around the rooms: they may import every room and engine, and each other's files. */
const SHELLS = ['main', 'cli'];

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

interface Source {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function isTest(path: string): boolean {
  return /\.(test|conformance)\.ts$/.test(path);
}

function readSources(): Source[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const path = join(SRC, name);
      const text = readFileSync(path, 'utf8');
      const imports = [
        ...text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g),
        ...text.matchAll(/new URL\(\s*['"]([^'"]+\.ts)['"]/g),
      ].map((match) => match[1]!);
      return { path, room: name.split('/')[0]!, text, imports };
    });
}

const sources = readSources();
const nameOf = (source: Source): string => relative(ROOT, source.path);

test('rooms import only what the table allows', () => {
  const wrong: string[] = [];
  for (const source of sources) {
    if (SHELLS.includes(source.room)) continue;
    const allowed = MAY_IMPORT[source.room];
    assert.ok(allowed !== undefined, `${nameOf(source)}: ${source.room} is not a room`);
    for (const specifier of source.imports) {
      if (specifier.startsWith('#')) {
        const inTest = isTest(source.path);
        const room = specifier.slice(1).split('/')[0]!;
        if (inTest) continue;
        if (specifier.includes('/') || !allowed.includes(room))
          wrong.push(`${nameOf(source)} imports ${specifier}`);
      } else if (specifier.startsWith('.')) {
        const target = resolve(dirname(source.path), specifier);
        const inside = target.startsWith(`${join(SRC, source.room)}/`);
        if (!inside && !isTest(source.path))
          wrong.push(`${nameOf(source)} leaves its room: ${specifier}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('the import cycle check sees a graph without circles between rooms', () => {
  const order = Object.keys(MAY_IMPORT);
  for (const [room, allowed] of Object.entries(MAY_IMPORT))
    for (const other of allowed)
      assert.ok(order.indexOf(other) < order.indexOf(room), `${room} -> ${other} goes up`);
});

test('no dead files: every source is reached from a door, the launcher or a worker URL', () => {
  const reached = new Set<string>();
  for (const source of sources) {
    if (isTest(source.path)) continue;
    for (const specifier of source.imports)
      if (specifier.startsWith('.')) reached.add(resolve(dirname(source.path), specifier));
  }
  const doors = new Set(
    Object.values(
      JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).imports as Record<
        string,
        string
      >,
    ).map((path) => resolve(ROOT, path)),
  );
  const entries = readFileSync(join(ROOT, 'bin/posthorn.js'), 'utf8');
  const dead = sources.filter(
    (source) =>
      !isTest(source.path) &&
      !reached.has(source.path) &&
      !doors.has(source.path) &&
      !entries.includes(relative(SRC, source.path)),
  );
  assert.deepEqual(dead.map(nameOf), []);
});

test('SQLite is given no bare parameter as a limit: it would prepare the statement anew for each value', () => {
  const wrong = sources.filter(
    ({ path, text }) => path.includes('/storage/sqlite/') && /\b(LIMIT|OFFSET) [?:@]/.test(text),
  );
  assert.deepEqual(wrong.map(nameOf), []);
});

const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\(/, 'Date.now'],
  [/\bnew Date\(\)/, 'new Date()'],
  [/\bsetTimeout\(/, 'setTimeout'],
  [/\bsetInterval\(/, 'setInterval'],
  [/\bMath\.random\(/, 'Math.random'],
  [/\bprocess\.env\b/, 'process.env'],
  [/\bconsole\.\w+\(/, 'console'],
  [/: any\b|\bas any\b|<any>/, 'any'],
];

test('time, chance, environment and console stay in kernel and main', () => {
  const wrong: string[] = [];
  for (const source of sources) {
    if (isTest(source.path)) continue;
    const free = source.room === 'kernel' || SHELLS.includes(source.room);
    for (const [pattern, what] of BANNED)
      if (pattern.test(source.text) && (!free || what === 'any'))
        wrong.push(`${nameOf(source)}: ${what}`);
  }
  assert.deepEqual(wrong, []);
});

test('files keep one duty: at most 400 lines, lines at most 160 columns', () => {
  const wrong: string[] = [];
  for (const source of sources) {
    const lines = source.text.split('\n');
    if (lines.length > 401) wrong.push(`${nameOf(source)}: ${lines.length} lines`);
    lines.forEach((line, index) => {
      if (line.length > 160) wrong.push(`${nameOf(source)}:${index + 1}: ${line.length} columns`);
    });
  }
  assert.deepEqual(wrong, []);
});

test('every door says what its room is for', () => {
  const wrong = sources
    .filter(
      (source) => /^src\/[a-z]+\/index\.ts$/.test(nameOf(source)) && !source.text.startsWith('/**'),
    )
    .map(nameOf);
  assert.deepEqual(wrong, []);
});

test('the files that the documents name exist', () => {
  const missing: string[] = [];
  const known = sources.map(nameOf);
  for (const name of ['architecture.md', 'flow.md', 'dependencies.md', 'rfc.md']) {
    const text = readFileSync(join(ROOT, 'docs', name), 'utf8');
    for (const [, path] of text.matchAll(/`([\w/.-]+\.ts)`/g))
      if (
        !known.some((source) => source.endsWith(`/${path}`) || source === path) &&
        !path!.startsWith('test/')
      )
        missing.push(`docs/${name}: ${path}`);
  }
  assert.deepEqual(missing, []);
});
