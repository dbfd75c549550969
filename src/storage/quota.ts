/** A mailbox's limits and what it holds. */
export interface QuotaUse {
  readonly quotaBytes: number | undefined;
  readonly quotaMessages: number | undefined;
  readonly usedBytes: number;
  readonly usedMessages: number;
}

/** Whether a mailbox may take so many more messages of so many octets together. */
export function hasRoomFor(
  { quotaBytes, quotaMessages, usedBytes, usedMessages }: QuotaUse,
  more: { readonly messages: number; readonly sizeBytes: number },
): boolean {
  if (quotaBytes !== undefined && usedBytes + more.sizeBytes > quotaBytes) return false;
  return quotaMessages === undefined || usedMessages + more.messages <= quotaMessages;
}
