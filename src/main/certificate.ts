import { webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PosthornError, randomBytes, systemClock } from '#kernel';
import { writeWhole } from './whole-file.ts';

/** Certificate chain and private key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Whose certificates clients may log in with. */
  readonly clientAuthorities?: string | undefined;
}

const DAY_MS = 86_400_000;
const VALID_MS = 3650 * DAY_MS;

/** Reads the certificate that the configuration names. @throws {configuration} */
export function readCertificate(files: { certificateFile: string; keyFile: string }): Certificate {
  return {
    cert: read('certificate', files.certificateFile),
    key: read('key', files.keyFile),
  };
}

/** Reads the certificates of the authorities that clients' certificates are trusted by. @throws {configuration} */
export function readAuthorities(file: string): string {
  const pem = read('client authorities', file);
  try {
    const certificates = pem.match(PEM_CERTIFICATE) ?? [];
    if (certificates.length === 0) throw new Error('it holds no certificate in PEM');
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch (error) {
    throw new PosthornError(
      'configuration',
      `"tls.clientAuthoritiesFile": ${file}: ${(error as Error).message}`,
    );
  }
  return pem;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function read(what: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new PosthornError(
      'configuration',
      `the TLS ${what} cannot be read: ${(error as Error).message}`,
    );
  }
}

/** Gives the data directory's own self-signed certificate, making it the first time. */
export async function selfSignedCertificate(
  dataDir: string,
  hostname: string,
): Promise<Certificate> {
  const dir = join(dataDir, 'tls');
  const certFile = join(dir, 'certificate.pem');
  const keyFile = join(dir, 'key.pem');
  if (existsSync(certFile) && existsSync(keyFile))
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  const made = await makeCertificate(hostname);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeWhole(keyFile, made.key);
  writeWhole(certFile, made.cert);
  return made;
}

async function makeCertificate(hostname: string): Promise<Certificate> {
  // Loaded only when a certificate has to be made: it is no small library.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair;
  const nowMs = systemClock.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(16)
      .toString('hex')
      .replace(/^[89a-f]/, '7'),
    name: `CN=${/^[\w.-]+$/.test(hostname) ? hostname : 'posthorn'}`,
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + VALID_MS),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: hostname },
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString(
    'base64',
  );
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
  return { cert: certificate.toString('pem'), key };
}
type CryptoKeyPair = webcrypto.CryptoKeyPair;
