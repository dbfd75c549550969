/** Every target by its name, and how long one of its inputs may run. */
export const TARGETS: readonly TargetEntry[] = [
  entry('imap'),
  entry('imap-response'),
  entry('imap-session', 30_000),
  entry('imap-url'),
  entry('utf7'),
  entry('smtp'),
  entry('smtp-data'),
  entry('pop3'),
  entry('mime'),
  entry('mime-steps', 20_000),
  entry('header'),
  entry('subject'),
  entry('sasl'),
  entry('config'),
  entry('mbox'),
];

export interface TargetEntry {
  readonly name: string;
  /** URL of the module. */
  readonly module: string;
  readonly patienceMs: number;
}

function entry(name: string, patienceMs = 5000): TargetEntry {
  return { name, module: new URL(`./targets/${name}.ts`, import.meta.url).href, patienceMs };
}
