/** A whole message at once. */
import { MessageParser } from './message-parser.ts';
import type { MessageProperties } from './properties.ts';

/** Properties of a message that is in memory. Never throws, whatever the bytes. */
export function parseMessage(bytes: Uint8Array): MessageProperties {
  const parser = new MessageParser();
  parser.push(bytes);
  return parser.end();
}
