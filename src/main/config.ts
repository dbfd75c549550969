import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import type { TokenIssuer } from '#directory';
import { PosthornError } from '#kernel';
import { addressKey, parseAddress } from '#model';
import { CLIENT_LIMITS, type ClientLimits, clientLimitsOf } from './client-limits.ts';
import { IMAP_SETTINGS, type ImapSettings, imapSettingsOf } from './imap-settings.ts';
import type { PlaceOptions } from './place.ts';
import { readTokenIssuer, TOKEN_ISSUERS } from './token-issuer.ts';

/** The doors that can be opened, with their default ports on loopback. */
export const LISTENERS = {
  smtp: 2525,
  submission: 2587,
  submissions: 2465,
  imap: 2143,
  imaps: 2993,
  pop3: 2110,
  pop3s: 2995,
} as const;
export type ListenerName = keyof typeof LISTENERS;
const LISTENER_NAMES = Object.keys(LISTENERS) as ListenerName[];

export interface ListenAddress {
  readonly name: ListenerName;
  readonly host: string;
  readonly port: number;
}

export interface Limits {
  readonly messageBytesMax: number;
}

/** What a server needs to know to start; everything else is in the directory. */
export interface ServerConfig {
  readonly dataDir: string;
  readonly hostname: string;
  readonly listen: readonly ListenAddress[];
  /** PEM files; undefined: a self-signed certificate is made and kept in the data directory. */
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  /** Certificates, PEM, of the authorities that vouch for clients who log in with a certificate of their own. */
  readonly clientAuthoritiesFile: string | undefined;
  /** Offer SCRAM-SHA-256-PLUS. */
  readonly channelBinding: boolean;
  readonly tokenIssuers: readonly TokenIssuer[];
  readonly fronts: number | undefined;
  readonly logLevel: string;
  readonly limits: Limits;
  readonly imap: ImapSettings;
  readonly clients: ClientLimits;
  /** Primary addresses in key form. */
  readonly administrators: readonly string[];
  readonly place: PlaceOptions;
  /** Connections to PostgreSQL that this node may have. */
  readonly engineConnections: number;
  /** Nothing was chosen: make the sample organization and show it. */
  readonly welcome: boolean;
}

const MEGABYTE = 1024 * 1024;

const FILE = z.strictObject({
  data: z.string().min(1).optional().describe('Data directory; --data goes before it.'),
  hostname: z
    .string()
    .min(1)
    .optional()
    .describe('Name of this server in greetings and trace fields.'),
  engine: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PostgreSQL that holds the mail: postgres://USER:PASSWORD@HOST/DATABASE?schema=NAME.',
    ),
  blobs: z
    .string()
    .min(1)
    .optional()
    .describe('Where large bodies are: a shared directory or s3://BUCKET/PREFIX?endpoint=URL.'),
  engineConnections: z
    .int()
    .min(4)
    .max(10_000)
    .optional()
    .describe('Connections to PostgreSQL of this node, 24 by default.'),
  listen: z
    .partialRecord(z.enum(LISTENER_NAMES as [ListenerName, ...ListenerName[]]), z.string())
    .optional()
    .describe('Doors to open, each NAME: "HOST:PORT". Only these are opened.'),
  tls: z
    .strictObject({
      certificateFile: z.string().min(1).optional(),
      keyFile: z.string().min(1).optional(),
      clientAuthoritiesFile: z
        .string()
        .min(1)
        .optional()
        .describe('Authorities (PEM) by whose certificates clients may log in.'),
      channelBinding: z.boolean().optional().describe('Offer SCRAM-SHA-256-PLUS; off by default.'),
    })
    .refine(
      (tls) => (tls.certificateFile === undefined) === (tls.keyFile === undefined),
      'certificateFile and keyFile go together',
    )
    .optional()
    .describe('Certificate chain and key in PEM. Without it a self-signed certificate is made.'),
  imap: IMAP_SETTINGS.optional().describe('What is special about IMAP here.'),
  limits: CLIENT_LIMITS.optional().describe('What one client, or all, may ask of the server.'),
  administrators: z
    .array(z.string())
    .max(1000)
    .optional()
    .describe('Primary addresses of those who may set quotas and annotate the server.'),
  oauth: TOKEN_ISSUERS.optional().describe('Issuers of tokens that are taken for a password.'),
  fronts: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('Threads that hold sessions; one a core by default.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).optional(),
  messageBytesMax: z
    .int()
    .min(64 * 1024)
    .max(2 ** 31)
    .optional()
    .describe('Largest message in bytes, 100 MB by default.'),
});

/** What the command line gave. */
export interface StartOptions {
  readonly dataDir: string | undefined;
  readonly configFile: string | undefined;
  /** `NAME=HOST:PORT` each. */
  readonly listen: readonly string[];
  readonly engine?: string | undefined;
  readonly blobs?: string | undefined;
}

/** Puts command line, file and defaults together. @throws {configuration} saying what is wrong and what would be right */
export function makeConfig(options: StartOptions): ServerConfig {
  const file = options.configFile === undefined ? {} : readConfigFile(options.configFile);
  const fromFile = Object.entries(file.listen ?? {}).map(([name, at]) =>
    parseListen(`${name}=${at}`),
  );
  const fromLine = options.listen.map(parseListen);
  const chosen = fromLine.length > 0 ? fromLine : fromFile;
  const defaults = LISTENER_NAMES.map((name) => ({
    name,
    host: '127.0.0.1',
    port: LISTENERS[name],
  }));
  const named = options.dataDir ?? file.data;
  return {
    dataDir: named ?? './data',
    hostname: file.hostname ?? hostname(),
    listen: chosen.length > 0 ? chosen : defaults,
    tls: certificateOf(file.tls),
    clientAuthoritiesFile: file.tls?.clientAuthoritiesFile,
    channelBinding: file.tls?.channelBinding ?? false,
    tokenIssuers: (file.oauth ?? []).map(readTokenIssuer),
    fronts: file.fronts,
    logLevel: file.logLevel ?? 'warn',
    limits: { messageBytesMax: file.messageBytesMax ?? 100 * MEGABYTE },
    imap: imapSettingsOf(file.imap),
    clients: clientLimitsOf(file.limits),
    administrators: (file.administrators ?? []).map(administratorOf),
    place: { engine: options.engine ?? file.engine, blobs: options.blobs ?? file.blobs },
    engineConnections: file.engineConnections ?? 24,
    welcome:
      named === undefined &&
      options.configFile === undefined &&
      options.engine === undefined &&
      chosen.length === 0,
  };
}

function administratorOf(text: string): string {
  const address = parseAddress(text);
  if (address === undefined)
    throw new PosthornError('configuration', `"administrators": ${text} is not an address`);
  return addressKey(address);
}

function certificateOf(tls: z.infer<typeof FILE>['tls']): ServerConfig['tls'] {
  const { certificateFile, keyFile } = tls ?? {};
  return certificateFile === undefined || keyFile === undefined
    ? undefined
    : { certificateFile, keyFile };
}

function readConfigFile(path: string): z.infer<typeof FILE> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new PosthornError('configuration', `${path}: ${(error as Error).message}`);
  }
  const parsed = FILE.safeParse(value);
  if (parsed.success) return parsed.data;
  const known = Object.keys(FILE.shape).join(', ');
  const texts = parsed.error.issues.map((issue) => {
    const where = issue.path.length === 0 ? '' : `"${issue.path.join('.')}": `;
    const hint =
      issue.code === 'unrecognized_keys' && issue.path.length === 0 ? ` (known are ${known})` : '';
    return `${where}${issue.message}${hint}`;
  });
  throw new PosthornError('configuration', `${path}: ${texts.join('; ')}`);
}

/** Reads `NAME=HOST:PORT`; an IPv6 host stands in brackets. */
export function parseListen(text: string): ListenAddress {
  const match = /^([a-z0-9]+)=(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const wrong = (what: string): never => {
    throw new PosthornError(
      'configuration',
      `--listen ${text}: ${what}; right would be for example imap=127.0.0.1:2143, with one of the names ${LISTENER_NAMES.join(', ')}`,
    );
  };
  if (match === null) return wrong('not NAME=HOST:PORT');
  const [, name, v6, host, port] = match;
  if (!LISTENER_NAMES.includes(name as ListenerName)) return wrong(`no door is called "${name}"`);
  if (Number(port) > 65535) return wrong('ports end at 65535');
  return { name: name as ListenerName, host: (v6 ?? host)!, port: Number(port) };
}
