import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { makeConfig, type ServerConfig } from '../../src/main/config.ts';
import { freshDirectory } from '../../src/storage/fresh.conformance.ts';

const PAGE = resolve(import.meta.dirname, '../../docs/clients.md');

/** What docs/clients.md recommends to switch off, read as the server reads its configuration. */
export function recommended(t: TestContext): ServerConfig['imap']['switchOffs'] {
  const written = /```json\n(.*?)```/s.exec(readFileSync(PAGE, 'utf8'))?.[1];
  assert.ok(written !== undefined, 'the page has a configuration');
  const configFile = join(freshDirectory(t), 'config.json');
  writeFileSync(configFile, written);
  return makeConfig({ dataDir: undefined, configFile, listen: [] }).imap.switchOffs;
}
