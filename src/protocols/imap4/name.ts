import type { Found } from '#store';

/** The name of a folder as the session has it. */
export function nameOf({ mailbox, folder }: Found): string {
  return mailbox.prefix + folder.name;
}
