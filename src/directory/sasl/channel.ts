import type { X509Certificate } from 'node:crypto';
import type { ChannelBindingType, Connection } from '#kernel';
import type { LoginClient } from '../login-throttle.ts';

/** What an exchange may know of the connection that it happens on. */
export interface SaslChannel {
  /** A password or a token may be shown: the channel is encrypted or does not leave the machine. */
  readonly channelSecure: boolean;
  /** What binds an exchange to the TLS channel (RFC 5056); undefined where there is no such binding. */
  readonly binding?: (type: ChannelBindingType) => Buffer | undefined;
  /** The certificate that the client has shown and that was verified. */
  readonly certificate?: X509Certificate | undefined;
  /** Who is at its other end, for the throttle; without it nothing is held back. */
  readonly client?: LoginClient;
}

/** The channel that a connection is. */
export function saslChannel(
  connection: Pick<Connection, 'channelBinding' | 'clientCertificate' | 'remoteAddress' | 'owner'>,
  channelSecure: boolean,
): SaslChannel {
  return {
    channelSecure,
    binding: (type) => connection.channelBinding(type),
    certificate: connection.clientCertificate,
    client: { address: connection.remoteAddress, owner: connection.owner },
  };
}

/** Bindings in use, the better one first: the second says which server is spoken to, the first which connection. */
export const BINDING_TYPES: readonly ChannelBindingType[] = [
  'tls-exporter',
  'tls-server-end-point',
];

/** Whether an exchange can be bound to the channel in any way. */
export function isBindable({ binding }: SaslChannel): boolean {
  return binding !== undefined && BINDING_TYPES.some((type) => binding(type) !== undefined);
}
