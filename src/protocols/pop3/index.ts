/**
 * POP3 (RFC 1939 with CAPA, TLS, SASL, response codes, pipelining and UTF-8): one session downloads the INBOX as it was
 * at login. Messages are numbered by that snapshot; what others remove meanwhile answers -ERR. Nothing is changed
 * before QUIT, and nothing at all when the connection ends without it.
 *
 * server.ts accepts and stops, session.ts holds the dialogue, dispatch.ts knows which command is allowed when,
 * commands/ has one file for each, drop.ts is the snapshot.
 */
export { POP3_LIMITS, type Pop3Limits } from './limits.ts';
export type { Pop3Directory, Pop3Mailbox, Pop3Store } from './ports.ts';
export { Pop3Server, type Pop3ServerOptions } from './server.ts';
