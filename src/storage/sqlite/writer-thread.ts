import { join } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ReplyPort, systemClock } from '#kernel';
import type { Change } from '#model';
import type { Command, OutcomeOf } from '../commands.ts';
import { CommitCounts } from './commit-counts.ts';
import { DATABASE_FILE } from './engine.ts';
import { Writer } from './writer.ts';

/** What the thread is told at its start. */
export interface WriterSetup {
  readonly dir: string;
  readonly commits: SharedArrayBuffer;
}

/** What the main thread tells the writer's thread. */
export type WriterOrder =
  | { readonly kind: 'attach'; readonly port: MessagePort }
  | { readonly kind: 'close' };
/** What it hears back. */
export type WriterNews =
  | { readonly kind: 'open' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

type Port = ReplyPort<Command, OutcomeOf<Command['kind']>, Change>;

const ports = new Set<Port>();
const parent = parentPort!;

function tell(news: WriterNews): void {
  parent.postMessage(news);
}

let flushing = false;

/** Answers and changes of one commit go out together, after it, one message a port. */
function flushSoon(): void {
  if (flushing) return;
  flushing = true;
  queueMicrotask(flushAll);
}

function flushAll(): void {
  flushing = false;
  for (const port of ports) port.flush();
}

function open({ dir, commits }: WriterSetup): Writer | undefined {
  try {
    const counts = new CommitCounts(commits);
    return new Writer(join(dir, DATABASE_FILE), systemClock, counts, (changes) => {
      for (const port of ports) for (const change of changes) port.note(change);
      flushSoon();
    });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    tell({ kind: 'refused', code: code ?? 'internal', message });
    return undefined;
  }
}

function attach(writer: Writer, messages: MessagePort): void {
  const port: Port = new ReplyPort(messages, (requests) => {
    for (const { id, request } of requests)
      writer.submit({
        command: request,
        done(outcome) {
          port.reply(id, outcome);
          flushSoon();
        },
        failed(error) {
          port.fail(id, error);
          flushSoon();
        },
      });
  });
  messages.on('close', () => ports.delete(port));
  ports.add(port);
}

const writer = open(workerData as WriterSetup);
if (writer !== undefined) {
  parent.on('message', (order: WriterOrder) => {
    if (order.kind === 'attach') attach(writer, order.port);
    else {
      writer.close();
      flushAll();
      for (const port of ports) port.close();
      tell({ kind: 'closed' });
      parent.close();
    }
  });
  tell({ kind: 'open' });
}
