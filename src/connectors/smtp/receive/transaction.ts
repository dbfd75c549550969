import type { Recipient } from '#model';
import type { MailCommand } from '#wire';
import type { BodyIntake } from './body-intake.ts';

/** One message in the making: from MAIL to its end. */
export class Transaction {
  readonly mail: MailCommand;
  readonly #recipients: Recipient[] = [];
  /** Every RCPT that was answered 250, also those that name a mailbox again. */
  #accepted = 0;
  /** RCPT commands that were refused. */
  refused = 0;
  /** The chunks of BDAT so far. */
  body: BodyIntake | undefined;

  constructor(mail: MailCommand) {
    this.mail = mail;
  }

  get recipients(): readonly Recipient[] {
    return this.#recipients;
  }

  get accepted(): number {
    return this.#accepted;
  }

  /** Adds a recipient; a mailbox that is named again gets the message once. */
  add(recipient: Recipient): void {
    this.#accepted++;
    const { mailboxId } = recipient;
    if (this.#recipients.some((known) => known.mailboxId === mailboxId)) return;
    this.#recipients.push(recipient);
  }
}
