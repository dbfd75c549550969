import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { eventually } from '../interop/program.ts';

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Ended, but not yet taken notice of by its parent. */
  readonly isZombie: boolean;
}

/** The running children of a process. */
export function childrenOf(pid: number): readonly number[] {
  return processes()
    .filter(({ parent, isZombie }) => parent === pid && !isZombie)
    .map((child) => child.pid);
}

/** Sends a signal; false when there is no such process any more. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits until none of these processes runs. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  await eventually(`the end of the processes ${pids.join(', ')}`, () => {
    const running = processes().some(({ pid, isZombie }) => pids.includes(pid) && !isZombie);
    return running ? undefined : true;
  });
}

/** /proc where there is one: a small machine need not have `ps`. */
function processes(): readonly Process[] {
  return existsSync('/proc/self/stat') ? processesOfProc() : processesOfPs();
}

function processesOfProc(): readonly Process[] {
  const found: Process[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, 'latin1');
    } catch {
      continue; // It has ended since.
    }
    // "pid (name) state ppid …"; the name may hold anything, parentheses too.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    found.push({ pid: Number(name), parent: Number(parent), isZombie: isEnded(state!) });
  }
  return found;
}

function processesOfPs(): readonly Process[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,state='], { encoding: 'utf8' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid, parent, state] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), isZombie: isEnded(state!) };
    });
}

function isEnded(state: string): boolean {
  return state.startsWith('Z') || state.startsWith('X');
}
