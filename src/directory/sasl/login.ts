import { decodeUtf8, failure, type SaslExchange, type SaslStep } from './exchange.ts';
import type { PasswordCheck } from './plain.ts';

const LOGIN_BYTES_MAX = 1024;
const USER_NAME: SaslStep = { kind: 'challenge', data: Buffer.from('Username:') };
const PASSWORD: SaslStep = { kind: 'challenge', data: Buffer.from('Password:') };

/**
 * LOGIN, the obsolete mechanism some clients still have in place of PLAIN (draft-murchison-sasl-login). The prompts
 * are the ones clients look for; a user name may come as initial response.
 */
export class LoginExchange implements SaslExchange {
  readonly #check: PasswordCheck;
  #login: string | undefined;

  constructor(check: PasswordCheck) {
    this.#check = check;
  }

  async step(response: Uint8Array | undefined): Promise<SaslStep> {
    if (response === undefined) return USER_NAME;
    const text = decodeUtf8(response);
    if (text === undefined || text === '' || text.includes('\0'))
      return failure('malformed LOGIN response');
    if (this.#login === undefined) {
      if (response.length > LOGIN_BYTES_MAX) return failure('user name too long');
      this.#login = text;
      return PASSWORD;
    }
    const account = await this.#check.verifyPassword(this.#login, text);
    if (account === undefined) return failure('wrong password or unknown user');
    return { kind: 'success', account, data: undefined };
  }
}
