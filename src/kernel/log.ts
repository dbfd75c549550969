import { pino, stdTimeFunctions } from 'pino';

/** A structured logger (pino); every thread makes its own and writes lines to stderr. */
export type Logger = pino.Logger;

/** Makes the logger of a thread. `level` as pino names them: debug, info, warn, error, silent. */
export function createLogger(thread: string, level = 'info'): Logger {
  return pino(
    { level, base: { thread }, timestamp: stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** A logger that drops everything, for tests. */
export const silentLogger: Logger = pino({ level: 'silent' });
