import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Waits at its standard input. A line "done" ends it; when the input ends without one, whoever held the other end has died:
 * then the server in the directory is shut down at once (SIGCONT in case it was stopped), killed after ten seconds, and the
 * directory removed. The server's process id stands in postmaster.pid as long as it runs.
 */
const SCRIPT = `
read -r word
[ "$word" = done ] && exit 0
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
  kill -QUIT "$pid"; kill -CONT "$pid"
  tries=0
  while kill -0 "$pid" && [ "$tries" -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
  kill -KILL "$pid"
fi
rm -rf -- "$1"
`;

/**
 * Sees to it that a PostgreSQL and its directory do not outlive the process that made them, however that ends: a process
 * of its own, in a session of its own so that Ctrl-C does not reach it. Dispose it when both are gone.
 */
export class Guard implements Disposable {
  readonly #child: ChildProcess;

  constructor(root: string) {
    this.#child = spawn('/bin/sh', ['-c', SCRIPT, 'posthorn-test-guard', root], {
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      detached: true,
    });
    this.#child.unref();
    const stdin = this.#child.stdin as Socket;
    stdin.unref();
    // Somebody ended it: nothing guards any more, and that is no failure of the test.
    stdin.on('error', () => {});
  }

  [Symbol.dispose](): void {
    this.#child.stdin?.end('done\n');
  }
}
