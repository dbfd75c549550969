import { webcrypto } from 'node:crypto';
import { randomBytes } from '#kernel';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** A certificate and its key, PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

/** An authority that issues certificates to the servers and clients of a test. */
export interface TestAuthority {
  readonly cert: string;
  /** @param days until it expires; below zero: it has */
  issue(name: string, addresses: readonly string[], days?: number): Promise<Credentials>;
}

type Keys = Awaited<ReturnType<typeof makeKeys>>;

function makeKeys() {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function pemOf({ privateKey }: Keys): Promise<string> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey));
  const lines = pkcs8.toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}

function serial(): string {
  return randomBytes(16).toString('hex').replace(/^./, '7');
}

export async function makeAuthority(): Promise<TestAuthority> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await makeKeys();
  const nowMs = Date.now();
  const name = `CN=test authority ${serial()}`;
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name,
    notBefore: new Date(nowMs - 10 * DAY_MS),
    notAfter: new Date(nowMs + 10 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    cert: own.toString('pem'),
    async issue(subject, addresses, days = 5) {
      const subjectKeys = await makeKeys();
      const names = addresses.map((value) => ({ type: 'email' as const, value }));
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial(),
        subject: `CN=${subject}`,
        issuer: name,
        notBefore: new Date(nowMs - 5 * DAY_MS),
        notAfter: new Date(nowMs + days * DAY_MS),
        signingAlgorithm: ALGORITHM,
        publicKey: subjectKeys.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
        ],
      });
      return { cert: certificate.toString('pem'), key: await pemOf(subjectKeys) };
    },
  };
}
