import type { Account } from '#directory';
import { Drop } from './drop.ts';
import type { Pop3Session } from './session.ts';

/** Opens the maildrop of who has logged in, and answers. */
export async function openDrop(session: Pop3Session, account: Account): Promise<void> {
  const { store, log } = session.context;
  const { owner, remoteAddress } = session.connection;
  if (!session.takeSeat(account))
    return session.err('Too many sessions of this mailbox', 'SYS/TEMP');
  const drop = await Drop.open(store.openMailbox(account.mailboxId, owner));
  if (drop === undefined) return session.err('The mailbox is gone', 'SYS/PERM');
  session.open(drop);
  log.info({ session: owner, peer: remoteAddress, mailbox: account.address }, 'logged in');
  session.ok(`Maildrop has ${drop.messages} messages (${drop.octets} octets)`);
}

/** What whoever would show a password in the clear is told. */
export function refusePlainText(session: Pop3Session): void {
  session.err('Passwords are taken under TLS only', 'AUTH');
}
