import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { ListenerName } from '../src/main/config.ts';
import { makeAuthority, type TestAuthority } from './authority.ts';
import { addMailboxes, type TestDirectory, TestServer } from './server.ts';

/** Whose mailbox the tokens name; m1@example.test is there too. */
export const USER = 'm0@example.test';
const ISSUER = 'https://login.example.test';

/** A server on which every mechanism can be used. */
export interface SaslHouse {
  readonly server: TestServer;
  /** Vouches for the server and for clients. */
  readonly authority: TestAuthority;
  /** A PEM file with the authority's certificate. */
  readonly authorityFile: string;
  /** A token that is right but for the claims given. */
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
}

export async function startSaslServer(
  { root, data }: TestDirectory,
  listen: readonly ListenerName[],
): Promise<SaslHouse> {
  const file = (name: string, text: string): string => {
    const path = join(root, name);
    writeFileSync(path, text);
    return path;
  };
  const authority = await makeAuthority();
  const identity = await authority.issue('localhost', []);
  const authorityFile = file('ca.pem', authority.cert);
  const keys = await generateKeyPair('ES256');
  const jwks = { keys: [await exportJWK(keys.publicKey)] };
  await addMailboxes(data, 2);
  const server = await TestServer.start({
    data,
    listen,
    config: {
      tls: {
        certificateFile: file('server.pem', identity.cert),
        keyFile: file('server.key', identity.key),
        clientAuthoritiesFile: authorityFile,
        channelBinding: true,
      },
      oauth: [
        { issuer: ISSUER, audience: 'posthorn', jwksFile: file('jwks.json', JSON.stringify(jwks)) },
      ],
    },
  });
  const sign: SaslHouse['sign'] = (claims) =>
    new SignJWT({ iss: ISSUER, aud: 'posthorn', email: USER, ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .setExpirationTime('5 minutes')
      .sign(keys.privateKey);
  return { server, authority, authorityFile, sign };
}
