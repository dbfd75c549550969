/**
 * The MTA: submit, categorize, deliver; a tracking event for each step.
 *
 * A door begins a submission with an envelope whose recipients the directory has resolved, writes the message into it, and
 * commits. Accepting and delivering to local mailboxes are the same commit: `accepted` means durable in every mailbox.
 * Disposing a submission that was not committed leaves no trace.
 */
export { type Submission, type SubmitOutcome, Transfer } from './submit.ts';
