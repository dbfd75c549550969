import { encodeMetadata, type GetMetadataCommand, responseCode } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import type { Session } from '../session.ts';

type Values = readonly (readonly [entry: string, value: Buffer | null])[];

/** GETMETADATA (RFC 5464 §4.2), of a folder or, by the name "", of the server. */
export async function getMetadata(
  session: Session,
  command: GetMetadataCommand,
): Promise<Completion> {
  const { entries, depth, maxSize = Number.POSITIVE_INFINITY } = command;
  const asked = { entries, depth, viewerId: session.mailbox.mailboxId };
  let name = '';
  let values: Values;
  if (command.mailbox === '')
    values = answerOf(command, await session.server.store.serverAnnotations(asked));
  else {
    const found = await session.names.find(command.mailbox);
    if (found === undefined) return no('There is no such mailbox', 'NONEXISTENT');
    const { mailbox, folder } = found;
    name = mailbox.prefix + folder.name;
    values = answerOf(command, await mailbox.annotations({ ...asked, folderId: folder.folderId }));
  }
  const told = values.filter(([, value]) => (value?.length ?? 0) <= maxSize);
  if (told.length > 0) session.write(encodeMetadata(name, told, session.utf8));
  const tooLong = values.map(([, value]) => value?.length ?? 0).filter((size) => size > maxSize);
  const code = tooLong.length === 0 ? undefined : responseCode.longEntries(Math.max(...tooLong));
  return ok('GETMETADATA completed', code);
}

/** What there is; where single entries were asked for, NIL for those that have no value, in the order asked. */
function answerOf(
  { entries, depth }: GetMetadataCommand,
  found: readonly { readonly entry: string; readonly value: Buffer }[],
): Values {
  if (depth !== 0) return found.map(({ entry, value }) => [entry, value]);
  const values = new Map(found.map(({ entry, value }) => [entry, value]));
  return entries.map((entry) => [entry, values.get(entry) ?? null]);
}
