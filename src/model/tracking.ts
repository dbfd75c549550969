import type { SubmissionId } from './ids.ts';

export type TrackingEventId =
  | 'RECEIVE'
  | 'DELIVER'
  | 'FAIL'
  | 'EXPAND'
  | 'REDIRECT'
  | 'DEFER'
  | 'SEND'
  | 'DSN';
export type TrackingSource = 'SMTP' | 'STOREDRIVER' | 'ROUTING' | 'ADMIN' | 'MAILBOX';

/** One step of one message, recorded in the commit that made the step. */
export interface TrackingEvent {
  readonly atMs: number;
  readonly event: TrackingEventId;
  readonly source: TrackingSource;
  readonly submissionId: SubmissionId;
  readonly messageId: string;
  readonly sender: string;
  /** Separated by `;`. */
  readonly recipients: string;
  readonly recipientStatus: string;
  readonly sizeBytes: number;
  readonly subject: string;
  readonly clientAddress: string;
}
