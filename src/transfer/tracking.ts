import { type Content, type Envelope, formatAddress, type TrackingEvent } from '#model';

const FIELD_CHARS_MAX = 2000;

/** Makes a value safe for a record: one line, well-formed, bounded. Nothing in a message can fail its tracking. */
function field(value: string): string {
  const cut = value.length > FIELD_CHARS_MAX ? `${value.slice(0, FIELD_CHARS_MAX)}…` : value;
  return cut.replace(/[\u0000-\u001f\u007f]/g, ' ').toWellFormed();
}

/** The steps of a message that is accepted for local mailboxes: received, and delivered to all of them. */
export function trackDelivery(envelope: Envelope, content: Content): readonly TrackingEvent[] {
  const recipients = field(
    envelope.recipients.map(({ address }) => formatAddress(address)).join(';'),
  );
  const base = {
    atMs: envelope.receivedAtMs,
    submissionId: envelope.submissionId,
    messageId: field(content.messageId ?? ''),
    sender: field(envelope.from === undefined ? '<>' : formatAddress(envelope.from)),
    recipients,
    sizeBytes: content.sizeBytes,
    subject: field(content.subject),
    clientAddress: envelope.origin.clientAddress,
  };
  return [
    { ...base, event: 'RECEIVE', source: 'SMTP', recipientStatus: '' },
    { ...base, event: 'DELIVER', source: 'STOREDRIVER', recipientStatus: '2.1.5' },
  ];
}
