import { receivedField, returnPathField } from '#content';
import { type Envelope, formatAddress } from '#model';

/**
 * The trace fields of final delivery: Return-Path first, then Received (RFC 5321 §4.4). The same bytes go to every
 * recipient, so the `for` clause appears only when there is a single one: it must not betray the others.
 */
export function traceFields(envelope: Envelope, hostname: string): string {
  const { origin, recipients } = envelope;
  const path = envelope.from === undefined ? '' : formatAddress(envelope.from);
  return (
    returnPathField(path) +
    receivedField({
      fromHelo: origin.helo,
      fromAddress: origin.clientAddress,
      byHost: hostname,
      protocol: origin.protocol,
      tls: origin.tls,
      id: envelope.submissionId,
      forAddress: recipients.length === 1 ? formatAddress(recipients[0]!.address) : undefined,
      dateMs: envelope.receivedAtMs,
    })
  );
}
