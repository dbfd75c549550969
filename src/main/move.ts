import type { MoveResult, Run } from '#admin';
import { PosthornError, systemClock } from '#kernel';
import {
  type MoveSource,
  type MoveTarget,
  moveStore,
  openPostgresSource,
  openPostgresTarget,
  openSqliteSource,
  openSqliteTarget,
} from '#storage/moving';
import { blobsAt } from './engine.ts';
import { notePlace, type Place, parsePlace, placeOf } from './place.ts';

/** The word for the data directory itself, where otherwise a URL stands. */
const EMBEDDED = 'embedded';

/** What a move needs of the server that goes on meanwhile. */
export interface Mover {
  /** Has all writes stop; disposing lets them go on, on the engine there is. */
  readonly pause: () => Promise<AsyncDisposable>;
  /** From here on the directory's mail is at the new place. */
  readonly switched: () => void;
}

/**
 * Moves the mail of a data directory to another engine, while the server serves it.
 * @throws {configuration} for a place that cannot be; else as `moveStore` does
 */
export async function moveHouse(
  dataDir: string,
  to: { readonly to: string; readonly blobs?: string | undefined },
  mover: Mover,
  run: Run,
): Promise<MoveResult> {
  const from = placeOf(dataDir);
  const place = to.to === EMBEDDED ? embedded(to.blobs) : parsePlace(to.to, to.blobs);
  if (
    from.kind === place.kind &&
    (from.kind === 'sqlite' || from.url === (place as typeof from).url)
  )
    throw new PosthornError('invalid', `the mail of ${dataDir} is there already`);
  await using source = await openSource(dataDir, from);
  await using target = await openTarget(dataDir, place);
  return await moveStore({
    source,
    target,
    clock: systemClock,
    pause: mover.pause,
    async onMoved() {
      notePlace(dataDir, place);
      mover.switched();
    },
    onProgress: ({ phase, copied, total }) =>
      run.onProgress({ done: copied, total, unit: 'messages', messages: 0, phase }),
    signal: run.signal,
  });
}

function embedded(blobs: string | undefined): Place {
  if (blobs === undefined) return { kind: 'sqlite' };
  throw new PosthornError(
    'configuration',
    'the embedded engine keeps large bodies in its data directory: leave out --blobs',
  );
}

async function openSource(dataDir: string, place: Place): Promise<MoveSource> {
  if (place.kind === 'sqlite') return openSqliteSource(dataDir);
  const { url, blobs } = place;
  return await openPostgresSource({ url, blobs: await blobsAt(blobs), clock: systemClock });
}

async function openTarget(dataDir: string, place: Place): Promise<MoveTarget> {
  if (place.kind === 'sqlite') return openSqliteTarget(dataDir);
  const { url, blobs } = place;
  return await openPostgresTarget({ url, blobs: await blobsAt(blobs), clock: systemClock });
}
