import type { CommandName } from '#wire';
import { bad, type Completion } from './completion.ts';
import type { Session } from './session.ts';

/** Capabilities that are kept from somebody who handles them badly. */
export interface SwitchOff {
  /** What the client calls itself by ID (RFC 2971 §3.3, "name"), with "*" and "?"; left out for every client. */
  readonly client?: string | undefined;
  /** The primary address of the mailbox, with "*" and "?"; left out for every mailbox. */
  readonly mailbox?: string | undefined;
  /** As CAPABILITY names them, or without what stands behind "=": COMPRESS is COMPRESS=DEFLATE too. */
  readonly capabilities: readonly string[];
}

/** Commands that somebody may send only who was told of the capability. */
const CAPABILITY_OF: ReadonlyMap<CommandName, string> = new Map<CommandName, string>([
  ['CANCELUPDATE', 'CONTEXT'],
  ['DELETEACL', 'ACL'],
  ['GETACL', 'ACL'],
  ['LISTRIGHTS', 'ACL'],
  ['MYRIGHTS', 'ACL'],
  ['SETACL', 'ACL'],
  ['COMPRESS', 'COMPRESS'],
  ['ESEARCH', 'MULTISEARCH'],
  ['GETMETADATA', 'METADATA'],
  ['GETQUOTA', 'QUOTA'],
  ['GETQUOTAROOT', 'QUOTA'],
  ['IDLE', 'IDLE'],
  ['MOVE', 'MOVE'],
  ['NAMESPACE', 'NAMESPACE'],
  ['NOTIFY', 'NOTIFY'],
  ['REPLACE', 'REPLACE'],
  ['SETMETADATA', 'METADATA'],
  ['SETQUOTA', 'QUOTASET'],
  ['SORT', 'SORT'],
  ['STARTTLS', 'STARTTLS'],
  ['THREAD', 'THREAD'],
  ['UIDBATCHES', 'UIDBATCHES'],
  ['UNAUTHENTICATE', 'UNAUTHENTICATE'],
  ['UNSELECT', 'UNSELECT'],
]);

/** What is switched off for a client and a mailbox, in upper case. */
export function switchedOff(
  rules: readonly SwitchOff[],
  client: string | undefined,
  mailbox: string | undefined,
): ReadonlySet<string> {
  const off = new Set<string>();
  for (const rule of rules)
    if (fits(rule.client, client) && fits(rule.mailbox, mailbox))
      for (const capability of rule.capabilities) off.add(capability.toUpperCase());
  return off;
}

function fits(glob: string | undefined, text: string | undefined): boolean {
  if (glob === undefined) return true;
  if (text === undefined) return false;
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, 'isu').test(text);
}

/** Whether a capability, with its "=" part, is on for this session. */
export function isOn({ off }: Session, capability: string): boolean {
  if (off.size === 0) return true;
  const name = capability.toUpperCase();
  return !off.has(name) && !off.has(name.split('=')[0]!);
}

/** Refuses a command whose capability is switched off. */
export function refuseSwitchedOff(session: Session, name: CommandName): Completion | undefined {
  const capability = session.off.size === 0 ? undefined : CAPABILITY_OF.get(name);
  if (capability === undefined || isOn(session, capability)) return undefined;
  return bad(`${name} is switched off for this client`);
}
