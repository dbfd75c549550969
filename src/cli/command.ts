import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseAddress, parseDomain } from '#model';

const DEFAULT_DATA = 'data';

/** Sets the exit code of a command that did its work and found something wrong. */
export type Exit = (code: number) => void;

export interface DataOption {
  readonly data?: string;
}
export interface JsonOption extends DataOption {
  readonly json?: boolean;
}

/** Makes a command that does something, with what all of them have. `args` is shown in its usage: `ADDRESS`. */
export function addCommand(
  parent: Command,
  name: string,
  args: string,
  description: string,
): Command {
  const path = parent.parent === null ? name : `${parent.name()} ${name}`;
  const usage = args === '' ? path : `${path} ${args}`;
  return parent
    .command(name)
    .description(description)
    .addOption(new Option('--data <dir>', 'data directory').env('POSTHORN_DATA'))
    .allowExcessArguments(false)
    .showHelpAfterError(`usage: posthorn ${usage} --data DIR (see "posthorn ${path} --help")`);
}

/** Gives a command the option `--json`. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON');
}

/** The data directory of a command line, absolute. */
export function dataOf({ data }: DataOption): string {
  return resolve(data ?? DEFAULT_DATA);
}

/** Reads an argument that must be an address. */
export function addressArgument(text: string): string {
  if (parseAddress(text) === undefined)
    throw new InvalidArgumentError('An address is LOCAL@DOMAIN, like alice@example.com.');
  return text.trim();
}

/** Reads an argument that must be a domain. */
export function domainArgument(text: string): string {
  const domain = parseDomain(text);
  if (domain === undefined)
    throw new InvalidArgumentError(
      'A domain is labels of letters, digits and hyphens, like example.com.',
    );
  return domain;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
};

/** Reads octets, `500000` or with a unit of 1000 `1.5GB`, or `none`. */
export function bytesArgument(text: string): number | 'none' {
  if (text === 'none') return text;
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?(|b|kb|mb|gb|tb)$/i.exec(text) ?? [];
  const bytes = Math.round(Number(digits) * (UNITS[unit?.toLowerCase() ?? ''] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes))
    throw new InvalidArgumentError('A limit is octets, like 500000, 300MB or 1.5GB, or none.');
  return bytes;
}

/** Reads a count, or `none`. */
export function countArgument(text: string): number | 'none' {
  if (text === 'none') return text;
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidArgumentError('A limit is a number of messages, like 10000, or none.');
  return Number(text);
}

/** Prints to stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a result: as JSON when asked, else as a person reads it. */
export function show(options: JsonOption, result: unknown, text: () => string): void {
  print(options.json === true ? JSON.stringify(result, undefined, 2) : text());
}
