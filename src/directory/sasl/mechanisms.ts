import { isBindable, type SaslChannel } from './channel.ts';
import type { SaslExchange } from './exchange.ts';
import { type CertificateCheck, ExternalExchange } from './external.ts';
import { LoginExchange } from './login.ts';
import { BearerExchange, parseOauthBearer, parseXoauth2, type TokenCheck } from './oauth.ts';
import { type PasswordCheck, PlainExchange } from './plain.ts';
import { type ScramCheck, ScramExchange } from './scram.ts';

/** What the mechanisms ask to find out who somebody is. */
export interface SaslCheck extends PasswordCheck, ScramCheck, CertificateCheck, TokenCheck {
  /** Whether SCRAM is offered with channel binding. */
  readonly bindsChannels: boolean;
}

interface Mechanism {
  readonly name: string;
  /** Whether it can be used on the channel; never one that shows a secret where others could read along. */
  readonly fits: (check: SaslCheck, channel: SaslChannel) => boolean;
  readonly begin: (check: SaslCheck, channel: SaslChannel) => SaslExchange;
}

/** Every mechanism there is, for all protocols; in the order in which clients are told of them. */
const MECHANISMS: readonly Mechanism[] = [
  {
    name: 'EXTERNAL',
    fits: (_check, { certificate }) => certificate !== undefined,
    begin: (check, { certificate }) => new ExternalExchange(check, certificate!),
  },
  {
    name: 'SCRAM-SHA-256-PLUS',
    fits: (check, channel) => check.bindsChannels && isBindable(channel),
    begin: (check, { binding }) => new ScramExchange(check, { plus: true, binding }),
  },
  {
    name: 'SCRAM-SHA-256',
    fits: () => true,
    begin: (check, channel) =>
      new ScramExchange(check, {
        plus: false,
        plusOffered: check.bindsChannels && isBindable(channel),
      }),
  },
  {
    name: 'OAUTHBEARER',
    fits: (check, { channelSecure }) => check.takesTokens && channelSecure,
    begin: (check) => new BearerExchange(check, parseOauthBearer),
  },
  {
    name: 'XOAUTH2',
    fits: (check, { channelSecure }) => check.takesTokens && channelSecure,
    begin: (check) => new BearerExchange(check, parseXoauth2),
  },
  {
    name: 'PLAIN',
    fits: (_check, { channelSecure }) => channelSecure,
    begin: (check) => new PlainExchange(check),
  },
  {
    name: 'LOGIN',
    fits: (_check, { channelSecure }) => channelSecure,
    begin: (check) => new LoginExchange(check),
  },
];

/** The names of the mechanisms that can be used on a channel. */
export function mechanismsFor(check: SaslCheck, channel: SaslChannel): readonly string[] {
  return MECHANISMS.filter(({ fits }) => fits(check, channel)).map(({ name }) => name);
}

/** Begins an exchange; undefined when the mechanism is unknown or cannot be used on the channel. */
export function beginExchange(
  name: string,
  check: SaslCheck,
  channel: SaslChannel,
): SaslExchange | undefined {
  const wanted = name.toUpperCase();
  const mechanism = MECHANISMS.find((known) => known.name === wanted);
  return mechanism?.fits(check, channel) === true ? mechanism.begin(check, channel) : undefined;
}

/** Whether a mechanism has that name, on whatever channel. */
export function isMechanism(name: string): boolean {
  return MECHANISMS.some((known) => known.name === name.toUpperCase());
}
