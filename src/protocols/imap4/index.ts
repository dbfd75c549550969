/**
 * IMAP4rev2 (RFC 9051) and IMAP4rev1 (RFC 3501) for clients, with the extensions that capability.ts lists.
 *
 * `ImapServer` is given connections. Each has a `Session`, led by converse.ts: `Input` cuts what the client sends into
 * commands, dispatch.ts says which are allowed when, commands/ does them, one file each. The selected folder is a
 * `View`: which message has which number. Only refresh.ts changes it, from the store's change log, and tells the client in
 * the same step; so the client's numbers and ours are always the same. The store's hints only say when to look.
 */

export { DEFAULT_IMAP_LIMITS, type ImapLimits } from './limits.ts';
export { ImapServer, type ImapServerOptions } from './server.ts';
export type { SwitchOff } from './switched-off.ts';
