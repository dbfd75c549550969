import type { SmtpAddress } from './address.ts';
import type { MailboxId, SubmissionId } from './ids.ts';

/** When the sender wants to hear of a recipient (RFC 3461 §4.1). */
export interface DsnNotify {
  readonly never: boolean;
  readonly success: boolean;
  readonly failure: boolean;
  readonly delay: boolean;
}

/** One RCPT that was accepted. `mailboxId` is where it leads; plus addressing and proxies are resolved already. */
export interface Recipient {
  readonly address: SmtpAddress;
  readonly mailboxId: MailboxId;
  readonly notify: DsnNotify | undefined;
  /** ORCPT as given: `type;xtext-decoded` (RFC 3461 §4.2). */
  readonly originalRecipient: string | undefined;
}

/** How a message came in, for its trace header and tracking. */
export interface Origin {
  readonly protocol:
    | 'SMTP'
    | 'ESMTP'
    | 'ESMTPS'
    | 'ESMTPA'
    | 'ESMTPSA'
    | 'UTF8SMTP'
    | 'UTF8SMTPS'
    | 'UTF8SMTPA'
    | 'UTF8SMTPSA';
  readonly helo: string;
  readonly clientAddress: string;
  readonly tls: { readonly version: string; readonly cipher: string } | undefined;
  /** The mailbox that authenticated, on submission. */
  readonly authenticatedAs: MailboxId | undefined;
}

/** Everything about a message in transfer that is not its content. */
export interface Envelope {
  readonly submissionId: SubmissionId;
  /** The reverse path; undefined is the null path `<>`. */
  readonly from: SmtpAddress | undefined;
  readonly recipients: readonly Recipient[];
  readonly smtpUtf8: boolean;
  readonly body: '7BIT' | '8BITMIME' | 'BINARYMIME';
  /** RET and ENVID (RFC 3461 §4.3, §4.4), kept for reports. */
  readonly dsnReturn: 'FULL' | 'HDRS' | undefined;
  readonly dsnEnvelopeId: string | undefined;
  readonly origin: Origin;
  readonly receivedAtMs: number;
}
