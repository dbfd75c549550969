import { Flag, type FlagSet } from '#model';

const FLAGS: Readonly<Record<string, FlagSet>> = {
  S: Flag.Seen,
  R: Flag.Answered,
  F: Flag.Flagged,
  T: Flag.Deleted,
  D: Flag.Draft,
};

/**
 * Reads the flags from a Maildir file's name: `unique:2,FLAGS`. Small letters stand for the keywords that the folder's
 * list names (Dovecot), P for one that was forwarded.
 */
export function maildirFlags(
  name: string,
  keywordNames: readonly string[],
): { readonly flags: FlagSet; readonly keywords: readonly string[] } {
  // File systems that cannot have ":" in names get ";" or "!" instead.
  const letters = /[:;!]2,([A-Za-z]*)/.exec(name)?.[1] ?? '';
  let flags: FlagSet = 0;
  const keywords: string[] = [];
  for (const letter of letters) {
    flags |= FLAGS[letter] ?? 0;
    if (letter === 'P') keywords.push('$Forwarded');
    const keyword = keywordNames[letter.charCodeAt(0) - 0x61];
    if (letter >= 'a' && keyword !== undefined) keywords.push(keyword);
  }
  return { flags, keywords };
}

/** Reads Dovecot's list of a folder's keywords: lines `0 name`, number 0 is the letter a. */
export function keywordList(text: string): readonly string[] {
  const names: string[] = [];
  for (const line of text.split('\n')) {
    const [, number, name] = /^(\d{1,2}) (\S+)$/.exec(line) ?? [];
    if (number !== undefined && name !== undefined && Number(number) < 26)
      names[Number(number)] = name;
  }
  return names;
}

/** Levels of a folder from its directory's name: `.A.B` as Maildir++ has it, or a plain one. */
export function folderLevels(directory: string): readonly string[] {
  const parts = directory.startsWith('.') ? directory.slice(1).split('.') : [directory];
  return parts.filter((part) => part !== '').map((part) => storable(decodeName(part)));
}

/** Modified UTF-7, in which Maildir++ names are kept: RFC 3501 §5.1.3. What is not valid stays as it is. */
function decodeName(name: string): string {
  return name.replace(/&([A-Za-z0-9+,]*)-/g, (whole, base64: string) => {
    if (base64 === '') return '&';
    const bytes = Buffer.from(base64.replaceAll(',', '/'), 'base64');
    const text = bytes
      .subarray(0, bytes.length & ~1)
      .swap16()
      .toString('utf16le');
    return text !== '' && text.isWellFormed() ? text : whole;
  });
}

/** A level with the characters replaced that a folder name cannot have. */
function storable(level: string): string {
  return level.replace(/[/*%\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '_').toWellFormed();
}
