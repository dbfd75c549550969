/**
 * Doors for clients: sessions that speak a protocol to a person's program and use the store in that person's name. Each protocol has a folder,
 * each command a file; the grammar comes from the wire room, so that server, client and tests use the same one.
 *
 * Callers open the listening sockets and hand each accepted one to `accept`; `stop` ends what is open within a grace time.
 */
export { ImapServer, type SwitchOff } from './imap4/index.ts';
export { Pop3Server } from './pop3/index.ts';
