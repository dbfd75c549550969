import { z } from 'zod';
import type { SwitchOff } from '#protocols';

/** What an administrator can set for IMAP. */
export interface ImapSettings {
  readonly messageLimit: number | undefined;
  readonly saveLimit: number | undefined;
  readonly switchOffs: readonly SwitchOff[];
}

/** Clients that know neither RFC 9738 nor how few it may be address hundreds of messages at once. */
const LIMIT_MIN = 500;
/** Without these nobody could log in or speak at all. */
const NEEDED = /^(?:IMAP4REV1|AUTH(?:=.*)?)$/i;

const capability = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'must be a capability as CAPABILITY names it')
  .refine((name) => !NEEDED.test(name), 'cannot be switched off');

const limit = z
  .int()
  .min(LIMIT_MIN)
  .max(2 ** 31);

/**
 * What is kept from whom when nothing else is said: capabilities without which a client in wide use cannot be used here. Each stands
 * with its source in docs/clients.md.
 */
const DISABLED_BY_DEFAULT: readonly SwitchOff[] = [
  { client: 'Microsoft Office 365', capabilities: ['UIDONLY'] },
];

/** How the configuration writes it. */
export const IMAP_SETTINGS = z.strictObject({
  messageLimit: limit.optional().describe('Messages that one command does something with.'),
  saveLimit: limit.optional().describe('Messages that one command saves.'),
  disable: z
    .array(
      z
        .strictObject({
          client: z.string().min(1).optional().describe('Its name by ID, with * and ?.'),
          mailbox: z.string().min(1).optional().describe('Its address, with * and ?.'),
          capabilities: z.array(capability).min(1),
        })
        .refine(
          ({ client, mailbox }) => client !== undefined || mailbox !== undefined,
          'client or mailbox must say for whom',
        ),
    )
    .optional()
    .describe('Capabilities that are kept from those who handle them badly.'),
});

/** What was written, with what was not. */
export function imapSettingsOf(written: z.infer<typeof IMAP_SETTINGS> = {}): ImapSettings {
  const { messageLimit, saveLimit, disable = DISABLED_BY_DEFAULT } = written;
  return { messageLimit, saveLimit, switchOffs: disable };
}
