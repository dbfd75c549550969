import type { DirectoryPages, DirectoryTable } from './port.ts';
import type { Work } from './work.ts';

/** Tracking events that come along: the newest. */
const TRACKING_MAX = 100_000;

const FIRST = { domains: '', recipients: 0, addresses: '', serverAnnotations: '' } as const;

/** Makes domains, recipients, addresses and the server's annotations of the target what the source has. */
export async function copyDirectory(work: Work): Promise<void> {
  for (const table of Object.keys(FIRST) as DirectoryTable[]) await copyTable(work, table);
}

async function copyTable(work: Work, table: DirectoryTable): Promise<void> {
  for (let after: string | number | undefined = FIRST[table]; after !== undefined; ) {
    work.checkpoint();
    const page: DirectoryPages[DirectoryTable] = await work.source.directory(
      table,
      after as never,
      work.rowsAtOnce,
    );
    await work.target.putDirectory(table, page);
    after = page.through;
  }
}

/** Copies the newest tracking events in place of those that are there. */
export async function copyTracking(work: Work): Promise<void> {
  await work.target.clearTracking();
  for await (const events of work.source.tracking(TRACKING_MAX, work.rowsAtOnce)) {
    work.checkpoint();
    await work.target.addTracking(events);
  }
}
