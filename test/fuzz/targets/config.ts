import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPosthornError } from '#kernel';
import { makeConfig, parseListen } from '../../../src/main/config.ts';
import type { Random } from '../random.ts';
import { type Target, wire } from '../target.ts';

const dir = mkdtempSync(join(tmpdir(), 'posthorn-fuzz-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, 'config.json');

function value(random: Random): unknown {
  return random.pick<unknown>([
    'x',
    '',
    1,
    0,
    -1,
    1.5,
    1e300,
    true,
    null,
    [],
    {},
    '0.0.0.0:25',
    '[::1]:143',
    '127.0.0.1:99999',
    'postgres://u@h/d',
    's3://b/p',
    65536,
    24,
    'debug',
    [{ client: 'Bad*', mailbox: '*@x', capabilities: ['QRESYNC'] }],
    [{ issuer: 'https://i', audience: 'a', jwks: { keys: [] } }],
    { imap: '127.0.0.1:143' },
    { nonsense: '127.0.0.1:1' },
    { certificateFile: 'c', keyFile: 'k' },
    { messageLimit: 10, saveLimit: 1 },
    { disable: [] },
  ]);
}

function config(random: Random): string {
  const keys = [
    'data',
    'hostname',
    'engine',
    'blobs',
    'engineConnections',
    'listen',
    'tls',
    'imap',
    'oauth',
    'fronts',
    'logLevel',
    'messageBytesMax',
    'unknown',
    '__proto__',
  ];
  const pairs = random.some(
    0,
    8,
    () => `${JSON.stringify(random.pick(keys))}: ${JSON.stringify(value(random))}`,
  );
  return `{${pairs.join(', ')}}`;
}

/** What makes a configuration, or says what is wrong with it. */
function outcomeOf(make: () => unknown): string {
  try {
    make();
    return 'taken';
  } catch (error) {
    assert.ok(
      isPosthornError(error, 'configuration'),
      String(error instanceof Error ? error.stack : error),
    );
    assert.ok(error.message.length > 10);
    return error.message
      .replace(dir, '')
      .replace(/"[^"]*"|'[^']*'|\d+/g, '#')
      .slice(0, 70);
  }
}

/** The configuration file and `--listen`. */
export const target: Target = {
  name: 'config',
  seeds: [
    '{"listen": {"imap": "127.0.0.1:143"}, "messageBytesMax": 65536}',
    'imap=[::1]:143',
    '{"imap": {"messageLimit": 10}}',
  ],
  words: [
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    'null',
    '1e999',
    '"listen"',
    '"imap"',
    '"oauth"',
    '\\u0000',
    '\\ud800',
    '=',
    '127.0.0.1:',
    '[::1]:',
  ],
  bytesMax: 3000,
  generate: (random) =>
    wire(
      random.oneIn(5)
        ? `${random.pick(['imap', 'smtp', 'x'])}=${random.pick(['127.0.0.1:1', '[::]:99999', 'h:', ':1', 'a b:1'])}`
        : config(random),
    ),
  run(input) {
    writeFileSync(file, input);
    const listening = outcomeOf(() => parseListen(input.toString('latin1')));
    const options = { dataDir: undefined, configFile: file, listen: [] };
    return `${outcomeOf(() => makeConfig(options))} ${listening === 'taken'}`;
  },
};
