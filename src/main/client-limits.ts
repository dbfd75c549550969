import { z } from 'zod';
import { LOGIN_THROTTLE_LIMITS } from '#directory';
import { DOOR_LIMITS, type DoorLimits, Networks } from '#kernel';

/** What an administrator can set against clients that ask too much. */
export interface ClientLimits {
  readonly door: DoorLimits;
  readonly sessionsPerMailboxMax: number;
  readonly failuresFree: number;
  /** Undefined: each protocol's own. */
  readonly badCommandsMax: number | undefined;
  readonly trusted: readonly string[];
}

/** Webmail and gateways on the machine itself. */
const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1'];
const SESSIONS_PER_MAILBOX = 200;

const count = z.int().min(1).max(1_000_000);

/** How the configuration writes it. */
export const CLIENT_LIMITS = z.strictObject({
  connections: count
    .optional()
    .describe(`Open connections of this server, ${DOOR_LIMITS.connectionsMax} by default.`),
  connectionsPerAddress: count
    .optional()
    .describe(
      `Open connections of one address, ${DOOR_LIMITS.connectionsPerAddressMax} by default.`,
    ),
  connectionsPerAddressPerMinute: count
    .optional()
    .describe(
      `New connections of one address in a minute, ${DOOR_LIMITS.connectionsPerAddressPerMinute} by default.`,
    ),
  newcomers: count
    .optional()
    .describe(
      `Open connections that have not logged in, or have no recipient yet, ${DOOR_LIMITS.newcomersMax} by default.`,
    ),
  sessionsPerMailbox: count
    .optional()
    .describe(`Sessions of one mailbox by IMAP and POP3, ${SESSIONS_PER_MAILBOX} by default.`),
  failedLogins: count
    .optional()
    .describe(
      `Failed logins before the next ones are held back, ${LOGIN_THROTTLE_LIMITS.failuresFree} by default.`,
    ),
  badCommands: count.optional().describe('Bad commands after which a session ends.'),
  trusted: z
    .array(z.string().min(1))
    .optional()
    .describe('Networks of webmail and gateways, which only "connections" holds for.'),
});

/** What was written, with what was not. @throws {configuration} when a network is none */
export function clientLimitsOf(written: z.infer<typeof CLIENT_LIMITS> = {}): ClientLimits {
  const trusted = written.trusted ?? LOOPBACK;
  void new Networks(trusted);
  return {
    door: {
      connectionsMax: written.connections ?? DOOR_LIMITS.connectionsMax,
      connectionsPerAddressMax:
        written.connectionsPerAddress ?? DOOR_LIMITS.connectionsPerAddressMax,
      connectionsPerAddressPerMinute:
        written.connectionsPerAddressPerMinute ?? DOOR_LIMITS.connectionsPerAddressPerMinute,
      newcomersMax: written.newcomers ?? DOOR_LIMITS.newcomersMax,
    },
    sessionsPerMailboxMax: written.sessionsPerMailbox ?? SESSIONS_PER_MAILBOX,
    failuresFree: written.failedLogins ?? LOGIN_THROTTLE_LIMITS.failuresFree,
    badCommandsMax: written.badCommands,
    trusted,
  };
}
