import type { SecureContext } from 'node:tls';
import type { Account, Directory } from '#directory';
import type { Clock } from '#kernel';
import type { Store } from '#store';
import type { KeptAnswers } from './fetch/kept-answers.ts';
import type { ImapLimits } from './limits.ts';
import type { SwitchOff } from './switched-off.ts';

/** What all sessions of a server share. */
export interface ServerContext {
  /** The name that this server gives itself. */
  readonly hostname: string;
  readonly directory: Pick<
    Directory,
    'verifyPassword' | 'startSasl' | 'saslMechanisms' | 'isSaslMechanism' | 'mailbox' | 'setQuota'
  >;
  readonly store: Pick<
    Store,
    'openMailbox' | 'incoming' | 'serverAnnotations' | 'setServerAnnotations' | 'watchDirectory'
  >;
  readonly clock: Clock;
  readonly limits: ImapLimits;
  /** What is kept from which clients. */
  readonly switchOffs: readonly SwitchOff[];
  /** Primary addresses, in key form, of those who may change what belongs to others or to the server. */
  readonly administrators: ReadonlySet<string>;
  /** Bytes of messages that wait in memory for the end of their APPEND. */
  readonly appends: { heldBytes: number };
  readonly keptAnswers: KeptAnswers;
  /** With it STARTTLS is offered. */
  readonly secureContext: SecureContext | undefined;
  /** Counts a session of a mailbox; false when it has too many already. */
  admit(account: Account): boolean;
  /** A session of a mailbox that was counted is none any more. */
  dismiss(account: Account): void;
}
