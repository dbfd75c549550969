import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { TokenIssuer } from '#directory';
import { PosthornError } from '#kernel';

const KEY_SET = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

const TOKEN_ISSUER = z
  .strictObject({
    issuer: z.string().min(1).describe('As the iss claim has it.'),
    audience: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .describe('What the aud claim must name.'),
    mailboxClaim: z
      .string()
      .min(1)
      .default('email')
      .describe('The claim that holds an address of the mailbox.'),
    jwks: KEY_SET.optional().describe('The public keys.'),
    jwksFile: z.string().min(1).optional().describe('A file with the public keys.'),
  })
  .refine(
    ({ jwks, jwksFile }) => (jwks === undefined) !== (jwksFile === undefined),
    'either jwks or jwksFile must be there',
  );

/** How the configuration names issuers. */
export const TOKEN_ISSUERS = z
  .array(TOKEN_ISSUER)
  .refine(
    (issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length,
    'each issuer stands here once',
  );

/** An issuer with its keys, which are checked. @throws {configuration} */
export function readTokenIssuer(configured: z.infer<typeof TOKEN_ISSUER>): TokenIssuer {
  const { issuer, audience, mailboxClaim, jwks, jwksFile } = configured;
  const { keys } = jwks ?? readKeySet(issuer, jwksFile!);
  for (const key of keys) requirePublic(issuer, key);
  return { issuer, audience: [audience].flat(), mailboxClaim, keys };
}

function readKeySet(issuer: string, file: string): z.infer<typeof KEY_SET> {
  try {
    const parsed = KEY_SET.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (parsed.success) return parsed.data;
    throw new Error('it is no JSON Web Key Set');
  } catch (error) {
    throw wrong(issuer, `${file}: ${(error as Error).message}`);
  }
}

/** A secret or private key has no place here: whoever reads the configuration could make tokens. */
function requirePublic(issuer: string, key: z.infer<typeof KEY_SET>['keys'][number]): void {
  if (key.kty === 'oct' || 'd' in key) throw wrong(issuer, 'a key of it is not public');
  try {
    createPublicKey({ key, format: 'jwk' });
  } catch (error) {
    throw wrong(issuer, `a key of it cannot be used: ${(error as Error).message}`);
  }
}

function wrong(issuer: string, what: string): PosthornError {
  return new PosthornError('configuration', `"oauth": the issuer ${issuer}: ${what}`);
}
