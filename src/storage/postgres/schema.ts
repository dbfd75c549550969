import { PosthornError } from '#kernel';
import type { Connection, Statement } from './connection.ts';

/** Format of the data this code writes. */
export const FORMAT_VERSION = 2;
/** The lowest format this code can still read and write. */
const FORMAT_OLDEST = 1;
/** What code must know to read and write what this code has written: rights that it would not see it could not keep. */
const LEAST_READER = 2;

/** Tables that are small and stand on every server of a cluster. */
export const REPLICATED = [
  'header',
  'domain',
  'recipient',
  'address',
  'lease',
  'server_annotation',
] as const;

/**
 * Tables that are spread by mailbox: whatever belongs to one mailbox stands on one server. The mailbox is first in each
 * primary key, and nothing refers from one mailbox to another.
 */
export const SPREAD = [
  'mailbox',
  'folder',
  'subscription',
  'keyword',
  'acl',
  'annotation',
  'entry',
  'change',
  'content',
  'content_ref',
  'orphan',
  'chore',
  'promise',
  'part',
  'loose_blob',
  'tracking',
] as const;

/** Tables of large bodies, spread by the body's name. */
export const SPREAD_BY_BLOB = ['stored_blob', 'blob_piece'] as const;

/**
 * Keywords are kept as ` a b ` as in the embedded engine. Wire strings (envelope, structures) are bytes, one for each char code:
 * a text of PostgreSQL has no NUL. Names compare byte by byte. Counters are updated in place (HOT), hence the fill factors.
 *
 * - content: one row for each content that a mailbox shows, in that mailbox; see docs/decisions/008-content-by-mailbox.md
 * - change: `tx` is the id of the command (or group of commands) that made it, so that a lost answer can be made up for
 * - promise: parts of an ingest that are still owed to other mailboxes, written with the first part
 * - part: that such a part has been done
 * - chore: mailboxes with something to clean up
 * - loose_blob: blobs whose last content in a mailbox went; others may still show them
 * - stored_blob, blob_piece: the blobs themselves, when no other place for them was given
 */
const TABLES: readonly string[] = [
  'CREATE TABLE header(key text PRIMARY KEY, value text NOT NULL)',
  'CREATE TABLE domain(domain text COLLATE "C" PRIMARY KEY)',
  `CREATE TABLE recipient(
    mailbox_id bigint PRIMARY KEY,
    address text COLLATE "C" NOT NULL,
    created_ms bigint NOT NULL,
    argon2id text,
    scram_sha_256 text
  )`,
  `CREATE TABLE address(
    address text COLLATE "C" PRIMARY KEY,
    domain text COLLATE "C" NOT NULL,
    mailbox_id bigint NOT NULL
  )`,
  'CREATE INDEX address_mailbox ON address(mailbox_id)',
  'CREATE INDEX address_domain ON address(domain)',
  'CREATE TABLE lease(name text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL)',

  `CREATE TABLE mailbox(
    mailbox_id bigint PRIMARY KEY,
    modseq bigint NOT NULL,
    next_folder_id bigint NOT NULL,
    next_content_id bigint NOT NULL,
    last_uid_validity bigint NOT NULL,
    used_bytes bigint NOT NULL,
    used_messages bigint NOT NULL,
    quota_bytes bigint,
    log_floor bigint NOT NULL
  ) WITH (fillfactor = 50)`,
  `CREATE TABLE folder(
    mailbox_id bigint NOT NULL,
    folder_id bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    special_use text,
    uid_validity bigint NOT NULL,
    uid_next bigint NOT NULL,
    highest_modseq bigint NOT NULL,
    messages bigint NOT NULL,
    unseen bigint NOT NULL,
    deleted bigint NOT NULL,
    size_bytes bigint NOT NULL,
    recent_from bigint NOT NULL,
    PRIMARY KEY(mailbox_id, folder_id)
  ) WITH (fillfactor = 50)`,
  'CREATE UNIQUE INDEX folder_name ON folder(mailbox_id, name)',
  `CREATE TABLE subscription(
    mailbox_id bigint NOT NULL, name text COLLATE "C" NOT NULL, PRIMARY KEY(mailbox_id, name)
  )`,
  `CREATE TABLE keyword(
    mailbox_id bigint NOT NULL,
    folded text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    PRIMARY KEY(mailbox_id, folded)
  )`,

  `CREATE TABLE entry(
    mailbox_id bigint NOT NULL,
    folder_id bigint NOT NULL,
    uid bigint NOT NULL,
    content_id bigint NOT NULL,
    flags integer NOT NULL,
    keywords text COLLATE "C" NOT NULL,
    modseq bigint NOT NULL,
    internal_ms bigint NOT NULL,
    saved_ms bigint NOT NULL,
    size_bytes bigint NOT NULL,
    PRIMARY KEY(mailbox_id, folder_id, uid)
  ) WITH (fillfactor = 90)`,
  `CREATE TABLE change(
    mailbox_id bigint NOT NULL,
    modseq bigint NOT NULL,
    folder_id bigint NOT NULL,
    kind text NOT NULL,
    uids int8multirange NOT NULL,
    tx text NOT NULL,
    PRIMARY KEY(mailbox_id, modseq, folder_id, kind)
  )`,

  `CREATE TABLE content(
    mailbox_id bigint NOT NULL,
    content_id bigint NOT NULL,
    size_bytes bigint NOT NULL,
    head_bytes bigint NOT NULL,
    sent_ms bigint,
    blob text,
    message_id text,
    subject text NOT NULL,
    envelope bytea NOT NULL,
    body_structure bytea NOT NULL,
    body_short bytea NOT NULL,
    structure bytea NOT NULL,
    preview text NOT NULL,
    hash bytea NOT NULL,
    head bytea NOT NULL,
    body bytea,
    PRIMARY KEY(mailbox_id, content_id)
  )`,
  'ALTER TABLE content ALTER COLUMN body SET STORAGE EXTERNAL',
  'CREATE INDEX content_blob ON content(blob) WHERE blob IS NOT NULL',
  `CREATE TABLE content_ref(
    mailbox_id bigint NOT NULL,
    content_id bigint NOT NULL,
    refs bigint NOT NULL,
    PRIMARY KEY(mailbox_id, content_id)
  )`,
  `CREATE TABLE orphan(
    mailbox_id bigint NOT NULL, content_id bigint NOT NULL, PRIMARY KEY(mailbox_id, content_id)
  )`,
  'CREATE TABLE chore(mailbox_id bigint PRIMARY KEY)',
  `CREATE TABLE promise(
    mailbox_id bigint NOT NULL,
    command_id text NOT NULL,
    made_ms bigint NOT NULL,
    parts bytea NOT NULL,
    PRIMARY KEY(mailbox_id, command_id)
  )`,
  `CREATE TABLE part(
    mailbox_id bigint NOT NULL, command_id text NOT NULL, PRIMARY KEY(mailbox_id, command_id)
  )`,
  `CREATE TABLE loose_blob(
    mailbox_id bigint NOT NULL, blob text NOT NULL, since_ms bigint NOT NULL, PRIMARY KEY(mailbox_id, blob)
  )`,
  `CREATE TABLE tracking(
    mailbox_id bigint NOT NULL,
    tracking_id bigint GENERATED ALWAYS AS IDENTITY,
    at_ms bigint NOT NULL,
    event text NOT NULL,
    source text NOT NULL,
    submission_id text NOT NULL,
    message_id text NOT NULL,
    sender text NOT NULL,
    recipients text NOT NULL,
    recipient_status text NOT NULL,
    size_bytes bigint NOT NULL,
    subject text NOT NULL,
    client_address text NOT NULL,
    PRIMARY KEY(mailbox_id, tracking_id)
  )`,
  'CREATE INDEX tracking_time ON tracking(at_ms, tracking_id)',

  `CREATE TABLE stored_blob(
    blob text COLLATE "C" PRIMARY KEY, version text NOT NULL, size_bytes bigint NOT NULL, finished_ms bigint NOT NULL
  )`,
  `CREATE TABLE blob_piece(
    blob text COLLATE "C" NOT NULL,
    version text NOT NULL,
    nth bigint NOT NULL,
    bytes bytea NOT NULL,
    written_ms bigint NOT NULL,
    PRIMARY KEY(blob, version, nth)
  )`,
  'ALTER TABLE blob_piece ALTER COLUMN bytes SET STORAGE EXTERNAL',
];

/**
 * What each format has that the one before it had not; a new schema goes the same way, so that it is what an upgraded one is.
 *
 * - acl: rights on a folder that others than its owner have (RFC 4314); grantee 0 is everybody. A grantee's row may stay when its
 *   mailbox is removed: ids are not given twice
 * - annotation: METADATA (RFC 5464) of a folder, or of the mailbox where folder_id is 0; viewer 0 is everybody. Values are in base64,
 *   as in server_annotation
 */
const UPGRADES: { readonly [to: number]: readonly string[] } = {
  2: [
    'ALTER TABLE mailbox ADD COLUMN quota_messages bigint',
    `CREATE TABLE acl(
      mailbox_id bigint NOT NULL,
      folder_id bigint NOT NULL,
      grantee_id bigint NOT NULL,
      negative integer NOT NULL,
      rights text NOT NULL,
      PRIMARY KEY(mailbox_id, folder_id, grantee_id, negative)
    )`,
    'CREATE INDEX acl_grantee ON acl(grantee_id)',
    `CREATE TABLE annotation(
      mailbox_id bigint NOT NULL,
      folder_id bigint NOT NULL,
      viewer_id bigint NOT NULL,
      entry text COLLATE "C" NOT NULL,
      value text NOT NULL,
      PRIMARY KEY(mailbox_id, folder_id, viewer_id, entry)
    )`,
    'CREATE TABLE server_annotation(entry text COLLATE "C" PRIMARY KEY, value text NOT NULL)',
  ],
};

/** The statements that make the tables. */
export const SCHEMA: readonly string[] = [...TABLES, ...Object.values(UPGRADES).flat()];

/** What a new schema says of itself. */
export const HEADER = `INSERT INTO header(key, value) VALUES
  ('format_version', '${FORMAT_VERSION}'), ('least_reader', '${LEAST_READER}'), ('least_writer', '${LEAST_READER}'),
  ('next_mailbox_id', '1'), ('directory_version', '1'), ('directory_tx', '')`;

const RAISE_HEADER = 'UPDATE header SET value = $2 WHERE key = $1';

// Not by the information schema, which shows only what one has rights to.
const KNOWN = `SELECT count(*) FILTER (WHERE c.relname = 'header' AND 'key, value' =
      (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0)), count(*)
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`;

/**
 * What a schema is opened for: to serve it, to be filled from another store or to go on with that, or to move out of it, which makes no
 * schema where there is none.
 */
export type Purpose = 'serve' | 'move in' | 'move out';

/**
 * Makes the schema with its tables when there is none, and refuses one that this code may not touch, before a byte is
 * written. Several nodes may start at the same time.
 * @throws {format-newer} with the versions; {corrupt} when the schema is not one of Posthorn; {configuration} when it is the unfinished copy
 *   of another store; {not-found} when there is nothing to move out of
 */
export async function prepareSchema(
  connection: Connection,
  schema: string,
  purpose: Purpose = 'serve',
): Promise<void> {
  // Not a lock on rows: it exists before any table does, and only here.
  await connection.query('SELECT pg_advisory_lock(hashtext($1))', `posthorn ${schema}`);
  try {
    const [known] = await connection.query(KNOWN, schema);
    const [headers, tables] = known as readonly [number, number];
    if (headers === 0 && purpose === 'move out')
      throw new PosthornError('not-found', `there is no Posthorn in the schema ${schema}`);
    if (headers === 0 && tables === 0) await createSchema(connection, schema);
    else if (headers === 0)
      throw new PosthornError('corrupt', `the schema ${schema} has tables, but none of Posthorn`);
    else {
      const version = await checkFormat(connection, schema, purpose);
      if (version < FORMAT_VERSION) await upgradeSchema(connection, version);
    }
  } finally {
    if (!connection.broken)
      await connection.query('SELECT pg_advisory_unlock(hashtext($1))', `posthorn ${schema}`);
  }
}

async function createSchema(connection: Connection, schema: string): Promise<void> {
  await connection.flight(
    ['BEGIN', `CREATE SCHEMA IF NOT EXISTS ${schema}`, ...SCHEMA, HEADER, 'COMMIT'].map(
      (sql) => [sql] as const,
    ),
  );
}

/** Brings the schema of an older Posthorn to today's format, in one transaction. */
async function upgradeSchema(connection: Connection, version: number): Promise<void> {
  const steps: Statement[] = [];
  for (let to = version + 1; to <= FORMAT_VERSION; to++)
    for (const sql of UPGRADES[to]!) steps.push([sql]);
  await connection.flight([
    ['BEGIN'],
    ...steps,
    [RAISE_HEADER, 'format_version', `${FORMAT_VERSION}`],
    [RAISE_HEADER, 'least_reader', `${LEAST_READER}`],
    [RAISE_HEADER, 'least_writer', `${LEAST_READER}`],
    ['COMMIT'],
  ]);
}

/** @returns the schema's format */
async function checkFormat(
  connection: Connection,
  schema: string,
  purpose: Purpose,
): Promise<number> {
  const rows = await connection.query('SELECT key, value FROM header');
  const header = new Map(rows.map(([key, value]) => [key, Number(value)]));
  const version = header.get('format_version') ?? 0;
  const leastWriter = header.get('least_writer') ?? 0;
  if (leastWriter > FORMAT_VERSION)
    throw new PosthornError(
      'format-newer',
      `the schema ${schema} has format ${version} and needs a Posthorn that writes format ${leastWriter}; ` +
        `this one writes ${FORMAT_VERSION}: install the newer version. Nothing was changed`,
    );
  if (version < FORMAT_OLDEST)
    throw new PosthornError(
      'corrupt',
      `the schema ${schema} has format ${version}, which never was`,
    );
  if (header.has('moving') && purpose !== 'move in')
    throw new PosthornError(
      'configuration',
      `the schema ${schema} is the unfinished copy of another store: go on with the move, or remove it`,
    );
  return version;
}
