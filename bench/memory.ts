import { readdirSync, readFileSync } from 'node:fs';

/**
 * Bytes of memory that processes and all that descend from them take: their proportional set size, in which a page that
 * several share counts once. Linux only.
 */
export function memoryOf(roots: readonly number[]): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isNaN(pid) ? undefined : parentOf(pid);
    if (parent !== undefined) parents.set(pid, parent);
  }
  const descends = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
      if (roots.includes(at)) return true;
    return false;
  };
  let bytes = 0;
  for (const pid of parents.keys()) if (descends(pid)) bytes += proportionalBytes(pid);
  return bytes;
}

function parentOf(pid: number): number | undefined {
  const stat = readProc(pid, 'stat');
  // "pid (name) state ppid …"; the name may hold anything.
  return stat === undefined
    ? undefined
    : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function proportionalBytes(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readProc(pid, 'smaps_rollup') ?? '')?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** Undefined when the process has ended. */
function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return undefined;
  }
}
