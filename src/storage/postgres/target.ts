import { PosthornError } from '#kernel';

/** A PostgreSQL to work on: where its hosts are, and which schema of which database is Posthorn's. */
export interface Target {
  /** The URL without Posthorn's own parameters, one host only. */
  readonly hosts: readonly string[];
  readonly schema: string;
  /** Without user and password, for messages. */
  readonly shown: string;
}

const SCHEMA = 'posthorn';
const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** Whether a text can be the name of Posthorn's schema: one that needs no quotes. */
export function isSchemaName(text: string): boolean {
  return NAME.test(text);
}

/**
 * Reads `postgres://user:password@host:port,host2:port2/database?schema=NAME&sslmode=...`. Of several hosts the one that
 * takes writes is used, so a standby can be named beside its primary.
 * @throws {configuration} saying what is wrong and what would be right
 */
export function parseTarget(url: string): Target {
  const match = /^(postgres(?:ql)?:\/\/)((?:[^@/]*)@)?([^/?]*)(\/[^?]*)?(?:\?(.*))?$/.exec(url);
  if (match === null)
    throw new PosthornError(
      'configuration',
      'the engine is not named by a URL of PostgreSQL; right would be for example postgres://posthorn:secret@127.0.0.1:5432/posthorn',
    );
  const [, scheme, user = '', hosts = '', path = '', query = ''] = match;
  if (hosts === '' || path.length < 2)
    throw new PosthornError(
      'configuration',
      `${scheme}…${hosts}${path}: a host and a database are needed, as in postgres://posthorn:secret@127.0.0.1:5432/posthorn`,
    );
  const parameters = new URLSearchParams(query);
  const schema = parameters.get('schema') ?? SCHEMA;
  if (!isSchemaName(schema))
    throw new PosthornError(
      'configuration',
      `schema=${schema}: the name of a schema has small letters, digits and "_", and at most 63 of them`,
    );
  parameters.delete('schema');
  const rest = parameters.size === 0 ? '' : `?${parameters}`;
  return {
    hosts: hosts.split(',').map((host) => `${scheme}${user}${host}${path}${rest}`),
    schema,
    shown: `${scheme}${hosts}${path}?schema=${schema}`,
  };
}
