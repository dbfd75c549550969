import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { PosthornError } from '../errors.ts';

/** Some networks, as `10.0.0.0/8`, `2001:db8::/32` or single addresses. */
export class Networks {
  readonly #list = new BlockList();

  /** @throws {configuration} naming what is no network */
  constructor(networks: readonly string[]) {
    for (const network of networks) this.#add(network);
  }

  includes(address: string): boolean {
    return this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }

  #add(network: string): void {
    const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(network) ?? [];
    const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
    const length = prefix === undefined ? bits : Number(prefix);
    if (bits < 0 || length > bits)
      throw new PosthornError(
        'configuration',
        `"${network}" is not a network: write it like 10.0.0.0/8 or 2001:db8::/32`,
      );
    this.#list.addSubnet(address, length, bits === 32 ? 'ipv4' : 'ipv6');
  }
}

/**
 * The name under which a client's address is counted: of IPv6 the first 64 bits, because whoever has one address there has all
 * of them (RFC 4291 §2.5.1).
 */
export function countedAs(address: string): string {
  if (!isIPv6(address)) return address;
  const [before = '', after] = (address.split('%')[0] ?? '').split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const head = groups(before);
  const tail = groups(after ?? '');
  const zeros = Array<string>(Math.max(0, 8 - head.length - groupsIn(tail))).fill('0');
  const network = [...head, ...zeros, ...tail].slice(0, 4);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** An IPv4 address at the end stands for two groups. */
function groupsIn(tail: readonly string[]): number {
  return tail.length + (tail.at(-1)?.includes('.') === true ? 1 : 0);
}

/** An address as people write it: IPv4 that came in by an IPv6 socket is IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
