import { type EnableCommand, encodeEnabled } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { AnnotationNews } from '../metadata/news.ts';
import type { Extension, Session } from '../session.ts';
import { isOn } from '../switched-off.ts';

const EXTENSIONS: ReadonlyMap<string, Extension> = new Map(
  (
    [
      'IMAP4rev2',
      'CONDSTORE',
      'QRESYNC',
      'UTF8=ACCEPT',
      'UIDONLY',
      'METADATA',
      'METADATA-SERVER',
    ] as const
  ).map((name) => [name.toUpperCase(), name]),
);

/**
 * ENABLE (RFC 9051 §6.3.1): unknown names are passed over, and those that are on already. One that comes on with another of the
 * same command is told as well, in whatever order they stand.
 */
export async function enable(
  session: Session,
  { capabilities }: EnableCommand,
): Promise<Completion> {
  const before = new Set(session.enabled);
  const added: Extension[] = [];
  for (const name of capabilities) {
    const extension = EXTENSIONS.get(name);
    if (extension === undefined || before.has(extension) || added.includes(extension)) continue;
    if (!isOn(session, extension)) continue;
    added.push(extension);
    // RFC 7162 §3.2.3: QRESYNC brings CONDSTORE with it.
    if (extension === 'CONDSTORE' || extension === 'QRESYNC') session.enableCondstore();
    // RFC 5464 §4.4.2: from now on others' changes of annotations are told.
    if (extension === 'METADATA' || extension === 'METADATA-SERVER')
      session.news ??= await AnnotationNews.begin(session, false);
    session.enabled.add(extension);
  }
  session.write(encodeEnabled(added));
  return ok('ENABLE completed');
}
