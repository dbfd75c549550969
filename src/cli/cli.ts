import { CommanderError } from 'commander';
import { isPosthornError } from '#kernel';
import { makeProgram } from './program.ts';

const FAILED = 1;
const WRONG_USAGE = 2;

/** Does what a command line says; gives the exit code: 0, 1 (failed, the reason is on stderr), 2 (usage). */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = makeProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has said on stderr what is wrong and what would be right.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`posthorn: ${text.replaceAll(/\s*\n\s*/g, ' ')}\n`);
    if (!isPosthornError(error) && error instanceof Error && process.env['POSTHORN_DEBUG'])
      process.stderr.write(`${error.stack}\n`);
    return FAILED;
  }
}
