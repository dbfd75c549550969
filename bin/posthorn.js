#!/usr/bin/env node
// The launcher. Plain JavaScript that any Node since 20 can read: when the Node that runs it is too old for Posthorn, it starts
// itself again with the runtime that is pinned in package.json, and passes everything through.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

/** Type stripping without a flag, crypto.argon2, node:sqlite as Posthorn uses it. */
const OLDEST = [24, 12];
/**
 * What glibc and V8 read when a process begins, and never again (docs/decisions/014-what-an-idle-server-holds.md).
 *
 * - MALLOC_ARENA_MAX: glibc gives each thread up to eight places to allocate from and returns little of them: of two, sessions that wait
 *   take a third less.
 * - MALLOC_TRIM_THRESHOLD_: what is free at the end of a place is returned from this size on. It is glibc's own, but unless it is said it
 *   grows with the largest block that was ever freed, and what loading the program took is kept for good.
 */
const ALLOCATION = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };
/**
 * V8's bound for each half of the young generation, in MB: the main thread only supervises. It would hold for the other threads too,
 * whatever they are given, so it is lifted as soon as the main thread has its heap.
 */
const YOUNG = '--max-semi-space-size';
const YOUNG_OF_MAIN = `${YOUNG}=1`;
/**
 * A young generation of a few megabytes is collected by its own thread sooner than it is handed out to helpers; where all cores are busy,
 * they would take the time of other sessions.
 */
const ALONE = '--no-parallel-scavenge';
const FLAGS = process.argv[2] === 'start' ? [YOUNG_OF_MAIN, ALONE] : [];
/** Says to the process that was started how it came to be; never passed on. */
const LAUNCHED = 'POSTHORN_LAUNCHED';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) await run();
else launch();

async function run() {
  const said = Object.keys(ALLOCATION).every((name) => process.env[name] !== undefined);
  if (process.argv[2] === 'start' && !said) beginAgain();
  if (process.env[LAUNCHED] !== undefined && process.channel !== undefined) {
    // The launcher ends before us only when it is killed; then so are we, or a server would go on that nobody sees.
    process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
    process.channel.unref();
  }
  delete process.env[LAUNCHED];
  if (process.execArgv.includes(YOUNG_OF_MAIN)) setFlagsFromString(`${YOUNG}=0`);
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  // Compiled code is kept between starts; where it cannot be written, the start is slower and that is all.
  const cache = join(root, 'node_modules', '.cache', 'posthorn');
  nodeModule.enableCompileCache?.(cache);
  // Threads enable it for themselves, each as it begins, and learn of it only by the environment.
  process.env.NODE_COMPILE_CACHE ??= cache;
  const { main } = await import('../src/cli/cli.ts');
  process.exitCode = await main(process.argv.slice(2));
}

/** The same process, with the same files and number, from its beginning. Where that cannot be done, it is larger and that is all. */
function beginAgain() {
  if (process.platform !== 'linux' || process.execve === undefined) return;
  const args = [process.execPath, ...FLAGS, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, { ...ALLOCATION, ...process.env });
}

function launch() {
  const runtime = pinnedRuntime();
  if (runtime === undefined) {
    process.stderr.write(
      `posthorn: Node ${OLDEST.join('.')} or newer is needed, this is ${process.version}, and the runtime that comes with Posthorn is not installed: run "npm ci" (with install scripts allowed)\n`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(
    runtime,
    [...FLAGS, ...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...ALLOCATION, ...process.env, [LAUNCHED]: '1' },
    },
  );
  const forward = (signal) => {
    // A terminal sends these to the child too; twice would mean "at once".
    if ((signal === 'SIGINT' || signal === 'SIGQUIT') && process.stdin.isTTY) return;
    child.kill(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'])
    process.on(signal, forward);
  child.on('error', (error) => {
    process.stderr.write(`posthorn: cannot start ${runtime}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // Should the signal not end us, the exit code says what a shell would.
    process.exitCode = 128 + (constants.signals[signal] ?? 0);
  });
}

/** Path of the Node that the package "node" has installed; undefined when it is not there. */
function pinnedRuntime() {
  try {
    const manifest = nodeModule.createRequire(import.meta.url).resolve('node/package.json');
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
    const runtime = join(dirname(manifest), bin.node);
    return existsSync(runtime) ? runtime : undefined;
  } catch {
    return undefined;
  }
}
