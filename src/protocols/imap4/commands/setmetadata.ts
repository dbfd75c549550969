import { isPosthornError } from '#kernel';
import { ANNOTATION_BYTES_MAX, type AnnotationChange } from '#store';
import { responseCode, type SetMetadataCommand } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import type { Annotated } from '../metadata/news.ts';
import type { Session } from '../session.ts';

/**
 * SETMETADATA (RFC 5464 §4.3), all or nothing, of a folder or, by the name "", of the server: there everybody has private entries, and
 * administrators set the shared ones.
 */
export async function setMetadata(
  session: Session,
  command: SetMetadataCommand,
): Promise<Completion> {
  const { values } = command;
  for (const value of values.values())
    if (value !== null && value.length > ANNOTATION_BYTES_MAX)
      return no('A value is too large', responseCode.metadataMaxSize(ANNOTATION_BYTES_MAX));
  try {
    const place = await set(session, command);
    if (typeof place === 'object' && 'condition' in place) return place;
    session.news?.take(place, values);
    return ok('SETMETADATA completed');
  } catch (error) {
    if (!isPosthornError(error, 'too-many')) throw error;
    return no('There are too many annotations', responseCode.metadataTooMany());
  }
}

/** Gives what was annotated, or why nothing was. */
async function set(
  session: Session,
  { mailbox: name, values }: SetMetadataCommand,
): Promise<Annotated | Completion> {
  const shared = changesOf(values, '/shared/');
  const own = changesOf(values, '/private/');
  const changes = { shared, own, viewerId: session.mailbox.mailboxId };
  if (name === '') {
    if (shared.length > 0 && !session.isAdministrator)
      return no('Only administrators annotate the server for all', 'NOPERM');
    await session.server.store.setServerAnnotations(session.connection.owner, changes);
    return 'server';
  }
  const found = await session.names.find(name);
  if (found === undefined) return no('There is no such mailbox', 'NONEXISTENT');
  const { folderId } = found.folder;
  await found.mailbox.setAnnotations({ ...changes, folderId });
  return found.folder;
}

function changesOf(
  values: SetMetadataCommand['values'],
  prefix: string,
): readonly AnnotationChange[] {
  return (
    [...values]
      .filter(([entry]) => entry.startsWith(prefix))
      // Without the rest of what came with it from the network.
      .map(([entry, value]) => ({
        entry,
        value: value === null ? undefined : Uint8Array.from(value),
      }))
  );
}
