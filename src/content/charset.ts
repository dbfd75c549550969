/**
 * Charsets to Unicode. Never throws: what cannot be decoded becomes U+FFFD, an unknown charset is guessed.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { asBuffer } from './header.ts';

/** Names seen in mail that the platform's decoder does not know. */
const ALIASES: Readonly<Record<string, string>> = {
  ansi: 'windows-1252',
  ascii: 'us-ascii',
  '646': 'us-ascii',
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  'cp-850': 'windows-1252',
  'euc-cn': 'gbk',
  'euc-tw': 'big5',
  'gb_2312-80': 'gbk',
  'iso-10646-ucs-2': 'utf-16be',
  'iso-10646': 'utf-8',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-2': 'iso-2022-jp',
  'iso-2022-jp-ms': 'iso-2022-jp',
  'iso-8859-8-e': 'iso-8859-8',
  iso_8859_1: 'iso-8859-1',
  'koi8-c': 'koi8-u',
  latin0: 'iso-8859-15',
  latin9: 'iso-8859-15',
  'latin-1': 'iso-8859-1',
  'latin-2': 'iso-8859-2',
  ms932: 'shift_jis',
  'shift-jisx0213': 'shift_jis',
  'tis-620': 'windows-874',
  ucs2: 'utf-16be',
  'ucs-2be': 'utf-16be',
  utf: 'utf-8',
  'utf-8n': 'utf-8',
  utf8mb4: 'utf-8',
  utf_8: 'utf-8',
  'utf-16': 'utf-16be',
  utf16: 'utf-16be',
  'windows-932': 'shift_jis',
  'windows-936': 'gbk',
  'windows-949': 'euc-kr',
  'windows-950': 'big5',
};

/** One decoder for each label ever seen; labels are a closed set (unknown ones share `undefined`), so this is bounded. */
const decoders = new Map<string, TextDecoder>();
const LABELS_MAX = 512;

function decoderFor(label: string): TextDecoder | undefined {
  const known = decoders.get(label);
  if (known !== undefined) return known;
  try {
    const decoder = new TextDecoder(
      ALIASES[label] ?? label.replace(/^(?:x-|cs)(?=cp|iso|windows|utf)/, ''),
    );
    if (decoders.size < LABELS_MAX) decoders.set(label, decoder);
    return decoder;
  } catch {
    return undefined;
  }
}

/** UTF-8 when the bytes are, windows-1252 otherwise: what undeclared text most likely is. */
function guess(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : decoderFor('windows-1252')!.decode(bytes);
}

const ASCII_BASED =
  /^(?:utf-?8|us-ascii|ascii|iso-8859-\d+|windows-125\d|koi8-[ru]|gbk|gb2312|gb18030|big5|euc-kr)$/;

/**
 * Decodes bytes of a charset to a Unicode string.
 * @param charset its MIME name in any case; undefined, unknown, and `us-ascii` with eight-bit bytes are decoded as
 *   UTF-8 when the bytes are valid UTF-8 and as windows-1252 otherwise
 */
export function decodeCharset(bytes: Uint8Array, charset: string | undefined): string {
  const buffer = asBuffer(bytes);
  const label = charset === undefined ? 'us-ascii' : charset.trim().toLowerCase();
  if (ASCII_BASED.test(label) && isAscii(buffer)) return buffer.toString('latin1');
  if (label === 'utf-7' || label === 'unicode-1-1-utf-7') return decodeUtf7(buffer);
  if (label === 'us-ascii' || label === 'ascii' || label === '') return guess(buffer);
  const decoder = decoderFor(withByteOrder(label, buffer));
  return decoder === undefined ? guess(buffer) : decoder.decode(buffer);
}

/** RFC 2781 §4.3: plain "utf-16" is big-endian unless its byte order mark says otherwise. */
function withByteOrder(label: string, bytes: Buffer): string {
  if (label !== 'utf-16' && label !== 'utf16') return label;
  return bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : label;
}

/** UTF-7: `+` opens a run of base64 over UTF-16BE, closed by `-` or any character outside base64. RFC 2152. */
function decodeUtf7(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/\+([A-Za-z0-9+/]*)-?/g, (_run, digits: string) => {
    if (digits === '') return '+';
    const units = Buffer.from(digits, 'base64');
    return units
      .subarray(0, units.length & ~1)
      .swap16()
      .toString('utf16le');
  });
}

/** A wire string (bytes as characters) that may hold raw UTF-8 (RFC 6532 §3.2), or windows-1252 by mistake, as Unicode. */
export function decodeWire(wire: string): string {
  return /[\x80-\xff]/.test(wire) ? guess(Buffer.from(wire, 'latin1')) : wire;
}

/** A Unicode string as wire string: UTF-8 where it is not ASCII. */
export function encodeWire(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
