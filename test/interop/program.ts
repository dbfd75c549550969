import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** How long a program may take for one round. */
const DEADLINE_MS = 60_000;

/** What a program said. */
export interface Outcome {
  /** Exit code; null when a signal or the deadline ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly stdin?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly deadlineMs?: number;
}

/** Path of an installed program; undefined when it is not on the PATH. */
export function whereIs(program: string): string | undefined {
  for (const dir of (process.env['PATH'] ?? '').split(':')) {
    const path = join(dir, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return undefined;
}

/** For the `skip` option of a test: which of the programs are missing, or false. */
export function missing(...programs: readonly string[]): string | false {
  const absent = programs.filter((program) => whereIs(program) === undefined);
  return absent.length === 0 ? false : `not installed: ${absent.join(', ')}`;
}

/** Says in the test's output which version was tested: the first line of what the program prints. */
export function sayVersion(t: TestContext, program: string, argument = '--version'): void {
  const { stdout, stderr } = spawnSync(program, [argument], { encoding: 'utf8' });
  t.diagnostic(`${`${stdout}${stderr}`.trim().split('\n')[0]}`);
}

/** Runs a program to its end; kills it at the deadline. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A program that ends without reading its input is no error of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.deadlineMs ?? DEADLINE_MS);
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  try {
    const code = await promise;
    return {
      code,
      out: Buffer.concat(out).toString('utf8'),
      err: Buffer.concat(err).toString('utf8'),
    };
  } finally {
    clearTimeout(timer);
  }
}

/** `run`, failing with everything that was said unless the exit code is one of `codes`. */
export async function runOk(
  program: string,
  args: readonly string[],
  options: RunOptions & { readonly codes?: readonly number[] } = {},
): Promise<Outcome> {
  const outcome = await run(program, args, options);
  if ((options.codes ?? [0]).includes(outcome.code ?? -1)) return outcome;
  throw new Error(
    `${program} ${args.join(' ')}: exit code ${outcome.code}\n${outcome.out}\n${outcome.err}`,
  );
}

/** Ends a program that runs beside the test, and waits for its end. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await promise;
  clearTimeout(timer);
}

/** Waits until `probe` gives something; fails after `deadlineMs` with what was awaited. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  deadlineMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
