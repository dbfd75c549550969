import {
  type Account,
  decodeUtf8,
  EMPTY_CHALLENGE,
  failure,
  type SaslExchange,
  type SaslStep,
} from './exchange.ts';

/** How a mechanism that sees the password asks who that is. */
export interface PasswordCheck {
  verifyPassword(login: string, password: string): Promise<Account | undefined>;
  /** Whether a login name leads to this account. */
  isSame(login: string, account: Account): Promise<boolean>;
}

/**
 * PLAIN (RFC 4616 §2). Acting for another mailbox is not offered: an authorization identity must be empty or name
 * the mailbox that logs in.
 *
 *     message = [authzid] UTF8NUL authcid UTF8NUL passwd
 */
export class PlainExchange implements SaslExchange {
  readonly #check: PasswordCheck;

  constructor(check: PasswordCheck) {
    this.#check = check;
  }

  async step(response: Uint8Array | undefined): Promise<SaslStep> {
    if (response === undefined) return EMPTY_CHALLENGE;
    const fields = decodeUtf8(response)?.split('\0');
    if (fields?.length !== 3) return failure('malformed PLAIN message');
    const [authorization, login, password] = fields as [string, string, string];
    if (login === '' || password === '') return failure('no user name or no password');
    const account = await this.#check.verifyPassword(login, password);
    if (account === undefined) return failure(`wrong password or unknown user`);
    if (authorization !== '' && !(await this.#check.isSame(authorization, account)))
      return failure('authorization identity of another mailbox');
    return { kind: 'success', account, data: undefined };
  }
}
