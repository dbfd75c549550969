/**
 * The directory: who is here. Domains, mailboxes with their proxy addresses, passwords.
 *
 * - `Directory` is what other rooms hold: it says where an address leads, who someone is who logs in, and changes the
 *   organization. It keeps no state of its own beside caches; the truth is behind the engine port.
 * - Addresses are looked up in key form (`addressKey` of #model): letter case does not matter, domains are A-labels.
 *   `user+tag` leads to `user` unless it is an address itself, `postmaster` always leads somewhere while there is a
 *   mailbox.
 * - Passwords are kept as verifiers only: argon2id for PLAIN and LOGIN, SCRAM-SHA-256 for SCRAM. Hashing is slow on
 *   purpose, so it is bounded (a few at a time, a queue, then `too-busy`) and a proof that succeeded is remembered
 *   for ten minutes under a key that dies with the process.
 * - The mechanisms of SASL stand in one table for all protocols (sasl/mechanisms.ts): which are offered depends on the
 *   channel and on what is set up (trusted certificates, issuers of tokens).
 * - `SaslExchange` is the server's side of one login; base 64 and the words around it are the protocols' affair.
 *
 * - Failed logins are counted by address and by name over all threads, and held back (login-throttle.ts).
 *
 * Whoever is unknown costs as much as whoever has a wrong password, and hears the same answer.
 */
export { type AddedMailbox, Directory, type DirectoryOptions } from './directory.ts';
export { type Grantee, granteeOf, identifierOf } from './grantee.ts';
export {
  LOGIN_THROTTLE_LIMITS,
  type LoginClient,
  LoginThrottle,
  type LoginThrottleLimits,
} from './login-throttle.ts';
export type { Resolution } from './resolve.ts';
export { type SaslChannel, saslChannel } from './sasl/channel.ts';
export type { Account, SaslExchange, SaslStep } from './sasl/exchange.ts';
export type { TokenIssuer } from './tokens.ts';
