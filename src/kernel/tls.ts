import { createHash, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';

/** How a server identifies itself, PEM, and whom it lets vouch for clients. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  /** Authorities (PEM) whose certificates clients may log in with; with them clients are asked for one. */
  readonly clientAuthorities?: string | undefined;
}

/** How an authentication can be bound to a TLS channel (RFC 9266 §2, RFC 5929 §4). */
export type ChannelBindingType = 'tls-exporter' | 'tls-server-end-point';

/** Contexts that ask clients for a certificate. */
const ASKING = new WeakSet<SecureContext>();

/** Makes the context of a server's TLS connections. */
export function serverContext({ cert, key, clientAuthorities }: TlsIdentity): SecureContext {
  if (clientAuthorities === undefined) return createSecureContext({ cert, key });
  // Without a context OpenSSL refuses to resume a session in which a certificate was asked for.
  const sessionIdContext = 'posthorn';
  const context = createSecureContext({ cert, key, ca: clientAuthorities, sessionIdContext });
  ASKING.add(context);
  return context;
}

/** The server's side of a handshake. A client without a certificate, or with one that is not trusted, is let in too. */
export function acceptTls(plain: Socket, secureContext: SecureContext): TLSSocket {
  return new TLSSocket(plain, {
    isServer: true,
    secureContext,
    requestCert: ASKING.has(secureContext),
    rejectUnauthorized: false,
  });
}

/** The part of a TLS socket that its types do not name: `authorized` is set only where a tls.Server made it. */
interface Verifying {
  readonly _handle?: { verifyError?(): Error | null | undefined } | null;
}

/** The client's certificate when the handshake has verified it; undefined in doubt. */
export function verifiedCertificate(socket: TLSSocket): X509Certificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined || socket.authorized) return certificate;
  const handle = (socket as unknown as Verifying)._handle;
  if (typeof handle?.verifyError !== 'function') return undefined;
  return handle.verifyError() ? undefined : certificate;
}

const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
const EXPORTER_BYTES = 32;

/** The data of a channel binding; undefined where it is not to be had. */
export function bindingOf(socket: TLSSocket, type: ChannelBindingType): Buffer | undefined {
  if (type === 'tls-server-end-point') return endPointOf(socket.getX509Certificate());
  // RFC 9266 §3: before TLS 1.3 only with an extended master secret, which nobody tells us of.
  if (socket.getProtocol() !== 'TLSv1.3') return undefined;
  return socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.alloc(0));
}

/**
 * RFC 5929 §4.1: the certificate's hash, by the hash function of its signature, but SHA-256 in place of MD5 and SHA-1; not
 * defined for signatures with no or several hash functions.
 */
function endPointOf(certificate: X509Certificate | undefined): Buffer | undefined {
  const hash = /(?:md5|sha-?(?:1|224|256|384|512))(?!\d)/i.exec(
    certificate?.signatureAlgorithm ?? '',
  );
  if (hash === null) return undefined;
  const name = hash[0].toLowerCase().replace('-', '');
  const used = name === 'md5' || name === 'sha1' ? 'sha256' : name;
  return createHash(used).update(certificate!.raw).digest();
}
