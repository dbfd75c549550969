/** A client's command, its arguments decoded. Message numbers are 1 or more. */
export type Pop3Command =
  | { readonly name: 'USER'; readonly user: string }
  | { readonly name: 'PASS'; readonly password: string }
  /** Without a mechanism the client asks which there are. `initial` is base 64, or "=" for an empty response. */
  | {
      readonly name: 'AUTH';
      readonly mechanism: string | undefined;
      readonly initial: string | undefined;
    }
  | { readonly name: 'LIST' | 'UIDL'; readonly message: number | undefined }
  | { readonly name: 'RETR' | 'DELE'; readonly message: number }
  | { readonly name: 'TOP'; readonly message: number; readonly lines: number }
  | { readonly name: 'LANG'; readonly language: string | undefined }
  | { readonly name: 'CAPA' | 'QUIT' }
  | { readonly name: 'STLS' | 'UTF8' }
  | { readonly name: 'STAT' | 'NOOP' | 'RSET' };

/** A line that is no command; `text` says what would be one. */
export interface Pop3SyntaxError {
  readonly name: 'syntax-error';
  readonly text: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a command line (a wire string without its line end).
 *
 *     command = keyword *(SP argument)          ; RFC 1939 §3: keywords in any letter case
 *     "USER" SP name / "PASS" SP string         ; the argument is the rest of the line, RFC 1939 §7; UTF-8, RFC 6856 §2
 *     "AUTH" [SP mechanism [SP initial-response]]     ; RFC 5034 §4
 *     ("LIST" / "UIDL") [SP msg] / ("RETR" / "DELE") SP msg / "TOP" SP msg SP n    ; RFC 1939 §5, §7
 *     "LANG" [SP lang-range]                    ; RFC 6856 §3
 *     "CAPA" / "STLS" / "UTF8" / "QUIT" / "STAT" / "NOOP" / "RSET"
 */
export function parsePop3Command(line: string): Pop3Command | Pop3SyntaxError {
  const space = line.indexOf(' ');
  const name = (space < 0 ? line : line.slice(0, space)).toUpperCase();
  const rest = space < 0 ? '' : line.slice(space + 1);
  switch (name) {
    case 'USER':
    case 'PASS':
      return parseText(name, rest);
    case 'AUTH':
      return parseAuth(words(rest));
    case 'LIST':
    case 'UIDL':
      return parseOptionalMessage(name, words(rest));
    case 'RETR':
    case 'DELE':
      return parseMessage(name, words(rest));
    case 'TOP':
      return parseTop(words(rest));
    case 'LANG': {
      const [language, ...more] = words(rest);
      return more.length > 0 ? wants('LANG [language]') : { name, language };
    }
    case 'CAPA':
    case 'STLS':
    case 'UTF8':
    case 'QUIT':
    case 'STAT':
    case 'NOOP':
    case 'RSET':
      return words(rest).length > 0 ? wants(`${name} without arguments`) : { name };
    default:
      return { name: 'syntax-error', text: 'Unknown command' };
  }
}

function parseText(name: 'USER' | 'PASS', rest: string): Pop3Command | Pop3SyntaxError {
  let text: string;
  try {
    text = utf8.decode(Buffer.from(rest, 'latin1'));
  } catch {
    return { name: 'syntax-error', text: `${name} takes UTF-8 text` };
  }
  if (name === 'PASS') return text === '' ? wants('PASS password') : { name, password: text };
  const user = text.trim();
  return user === '' ? wants('USER name') : { name, user };
}

function parseAuth(args: readonly string[]): Pop3Command | Pop3SyntaxError {
  const [mechanism, initial, ...more] = args;
  if (more.length > 0) return wants('AUTH mechanism [initial-response]');
  return { name: 'AUTH', mechanism: mechanism?.toUpperCase(), initial };
}

function parseOptionalMessage(
  name: 'LIST' | 'UIDL',
  args: readonly string[],
): Pop3Command | Pop3SyntaxError {
  const [text, ...more] = args;
  if (text === undefined) return { name, message: undefined };
  const message = parseNumber(text);
  if (message === undefined || message === 0 || more.length > 0) return wants(`${name} [message]`);
  return { name, message };
}

function parseMessage(
  name: 'RETR' | 'DELE',
  args: readonly string[],
): Pop3Command | Pop3SyntaxError {
  const message = parseNumber(args[0]);
  if (message === undefined || message === 0 || args.length > 1) return wants(`${name} message`);
  return { name, message };
}

function parseTop(args: readonly string[]): Pop3Command | Pop3SyntaxError {
  const message = parseNumber(args[0]);
  const lines = parseNumber(args[1]);
  if (message === undefined || message === 0 || lines === undefined || args.length > 2)
    return wants('TOP message lines');
  return { name: 'TOP', message, lines };
}

function parseNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function words(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ').filter((word) => word !== '');
}

function wants(form: string): Pop3SyntaxError {
  return { name: 'syntax-error', text: `Expected ${form}` };
}
