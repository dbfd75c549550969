import type { DatabaseSync } from 'node:sqlite';
import { PosthornError, randomBytes } from '#kernel';

/** Format of the data this code writes. */
export const FORMAT_VERSION = 2;
/** The lowest format this code can still read and write. */
const FORMAT_OLDEST = 1;
/** What code must know to read and write what this code has written: rights that it would not see it could not keep. */
const LEAST_READER = 2;

/**
 * Every table of the mail side has the mailbox first in its key, so that it could be spread by mailbox. Keywords are kept as
 * ` a b ` with a space on both sides (a single space when there are none), so that one can be added, removed and looked for by plain string functions.
 * A content without a row in content_ref has exactly one entry.
 */
const SCHEMA = `
CREATE TABLE header(key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE domain(domain TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE recipient(
  mailbox_id INTEGER PRIMARY KEY AUTOINCREMENT,
  address TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  argon2id TEXT,
  scram_sha_256 TEXT
) STRICT;
CREATE TABLE address(
  address TEXT PRIMARY KEY,
  domain TEXT NOT NULL,
  mailbox_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX address_mailbox ON address(mailbox_id);
CREATE INDEX address_domain ON address(domain);

CREATE TABLE mailbox(
  mailbox_id INTEGER PRIMARY KEY,
  modseq INTEGER NOT NULL,
  next_folder_id INTEGER NOT NULL,
  last_uid_validity INTEGER NOT NULL,
  used_bytes INTEGER NOT NULL,
  used_messages INTEGER NOT NULL,
  quota_bytes INTEGER,
  log_floor INTEGER NOT NULL
) STRICT;
CREATE TABLE folder(
  mailbox_id INTEGER NOT NULL,
  folder_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  special_use TEXT,
  uid_validity INTEGER NOT NULL,
  uid_next INTEGER NOT NULL,
  highest_modseq INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  unseen INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  recent_from INTEGER NOT NULL,
  PRIMARY KEY(mailbox_id, folder_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX folder_name ON folder(mailbox_id, name);
CREATE TABLE subscription(
  mailbox_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY(mailbox_id, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE keyword(
  mailbox_id INTEGER NOT NULL,
  folded TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY(mailbox_id, folded)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry(
  mailbox_id INTEGER NOT NULL,
  folder_id INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  content_id INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  keywords TEXT NOT NULL,
  modseq INTEGER NOT NULL,
  internal_ms INTEGER NOT NULL,
  saved_ms INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  PRIMARY KEY(mailbox_id, folder_id, uid)
) STRICT, WITHOUT ROWID;
CREATE TABLE change(
  mailbox_id INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  folder_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  uids TEXT NOT NULL,
  PRIMARY KEY(mailbox_id, modseq, folder_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE content(
  content_id INTEGER PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  head_bytes INTEGER NOT NULL,
  sent_ms INTEGER,
  blob TEXT,
  message_id TEXT,
  subject TEXT NOT NULL,
  envelope TEXT NOT NULL,
  body_structure TEXT NOT NULL,
  body_short TEXT NOT NULL,
  structure TEXT NOT NULL,
  preview TEXT NOT NULL,
  hash BLOB NOT NULL,
  head BLOB NOT NULL,
  body BLOB
) STRICT;
CREATE INDEX content_blob ON content(blob) WHERE blob IS NOT NULL;
CREATE TABLE content_ref(content_id INTEGER PRIMARY KEY, refs INTEGER NOT NULL) STRICT;
CREATE TABLE orphan(content_id INTEGER PRIMARY KEY) STRICT;

CREATE TABLE tracking(
  tracking_id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  event TEXT NOT NULL,
  source TEXT NOT NULL,
  submission_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  sender TEXT NOT NULL,
  recipients TEXT NOT NULL,
  recipient_status TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  subject TEXT NOT NULL,
  client_address TEXT NOT NULL
) STRICT;
`;

/**
 * What each format has that the one before it had not; a new database goes the same way, so that it is what an upgraded one is.
 *
 * - acl: rights on a folder that others than its owner have (RFC 4314); grantee 0 is everybody. A grantee's row may stay when its
 *   mailbox is removed: ids are not given twice
 * - annotation: METADATA (RFC 5464) of a folder, or of the mailbox where folder_id is 0; viewer 0 is everybody. Values are in base64,
 *   as in server_annotation
 */
const UPGRADES: { readonly [to: number]: string } = {
  2: `
ALTER TABLE mailbox ADD COLUMN quota_messages INTEGER;
CREATE TABLE acl(
  mailbox_id INTEGER NOT NULL,
  folder_id INTEGER NOT NULL,
  grantee_id INTEGER NOT NULL,
  negative INTEGER NOT NULL,
  rights TEXT NOT NULL,
  PRIMARY KEY(mailbox_id, folder_id, grantee_id, negative)
) STRICT, WITHOUT ROWID;
CREATE INDEX acl_grantee ON acl(grantee_id);
CREATE TABLE annotation(
  mailbox_id INTEGER NOT NULL,
  folder_id INTEGER NOT NULL,
  viewer_id INTEGER NOT NULL,
  entry TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(mailbox_id, folder_id, viewer_id, entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE server_annotation(entry TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`,
};

interface Header {
  readonly formatVersion: number;
  readonly leastReader: number;
  readonly leastWriter: number;
  /** It is the unfinished copy of another store. */
  readonly moving: boolean;
}

function readHeader(db: DatabaseSync): Header | undefined {
  const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'header'").get();
  if (known === undefined) return undefined;
  const value = db.prepare('SELECT value FROM header WHERE key = ?');
  const number = (key: string): number => Number(value.get(key)?.['value'] ?? 0);
  return {
    formatVersion: number('format_version'),
    leastReader: number('least_reader'),
    leastWriter: number('least_writer'),
    moving: number('moving') !== 0,
  };
}

/**
 * Refuses a database that this code may not touch, before a byte is written. The unfinished copy of another store is only there to be
 * finished (purpose `move in`).
 * @throws {format-newer} with the versions; {corrupt} when it is not a Posthorn database; {configuration} for an unfinished copy
 */
export function checkFormat(
  db: DatabaseSync,
  path: string,
  purpose: 'serve' | 'move in' = 'serve',
): 'empty' | 'current' | 'older' {
  const header = readHeader(db);
  if (header === undefined) {
    const tables = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get();
    if (tables?.['n'] === 0) return 'empty';
    throw new PosthornError('corrupt', `${path} is a database, but not one of Posthorn`);
  }
  if (header.leastWriter > FORMAT_VERSION)
    throw new PosthornError(
      'format-newer',
      `${path} has format ${header.formatVersion} and needs a Posthorn that writes format ${header.leastWriter}; ` +
        `this one writes ${FORMAT_VERSION}: install the newer version. Nothing was changed`,
    );
  if (header.formatVersion < FORMAT_OLDEST)
    throw new PosthornError(
      'corrupt',
      `${path} has format ${header.formatVersion}, which never existed`,
    );
  if (header.moving && purpose === 'serve')
    throw new PosthornError(
      'configuration',
      `${path} is the unfinished copy of another store: go on with the move, or remove it`,
    );
  return header.formatVersion < FORMAT_VERSION ? 'older' : 'current';
}

/** Creates the tables and the header in an empty database, in one transaction. */
export function createSchema(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE');
  db.exec(SCHEMA);
  upgradeFrom(db, FORMAT_OLDEST);
  db.exec('COMMIT');
}

/** Brings the database of an older Posthorn to today's format, in one transaction. */
export function upgradeSchema(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE');
  upgradeFrom(db, readHeader(db)?.formatVersion ?? FORMAT_OLDEST);
  db.exec('COMMIT');
}

function upgradeFrom(db: DatabaseSync, version: number): void {
  for (let to = version + 1; to <= FORMAT_VERSION; to++) db.exec(UPGRADES[to]!);
  const put = db.prepare('INSERT OR REPLACE INTO header(key, value) VALUES (?, ?)');
  put.run('format_version', FORMAT_VERSION);
  put.run('least_reader', LEAST_READER);
  put.run('least_writer', LEAST_READER);
}

const SELECT_STORE_ID = "SELECT value FROM header WHERE key = 'store_id'";
const INSERT_STORE_ID = "INSERT INTO header(key, value) VALUES ('store_id', ?)";
const STORE_ID_BYTES = 6;

/** The number by which a store is told from others; undefined as long as no writer has opened it. */
export function storeId(db: DatabaseSync): number | undefined {
  return db.prepare(SELECT_STORE_ID).get()?.['value'] as number | undefined;
}

/** Gives a store its number when it has none. */
export function keepStoreId(db: DatabaseSync): void {
  if (storeId(db) !== undefined) return;
  db.prepare(INSERT_STORE_ID).run(randomBytes(STORE_ID_BYTES).readUIntBE(0, STORE_ID_BYTES));
}
