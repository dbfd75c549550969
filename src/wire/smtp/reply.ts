/** A reply as a client reads it (RFC 5321 §4.2). */
export interface SmtpReply {
  readonly code: number;
  /** The status code of RFC 3463 that all lines open with, where they do. */
  readonly enhanced: string | undefined;
  /** The text of each line as a wire string, without reply code; the enhanced code is still in it. */
  readonly lines: readonly string[];
}

/**
 * Writes a reply as a wire string with its line ends. Each line bears the code, and the enhanced status code if one is
 * given (RFC 2034 §4). @param text one line, or all lines of a multi-line reply; ASCII without line ends.
 */
export function formatReply(
  code: number,
  enhanced: string | undefined,
  text: string | readonly string[],
): string {
  const status = enhanced === undefined ? '' : `${enhanced} `;
  if (typeof text === 'string') return `${code} ${status}${text}\r\n`;
  let out = '';
  const last = text.length - 1;
  for (let i = 0; i <= last; i++) out += `${code}${i === last ? ' ' : '-'}${status}${text[i]}\r\n`;
  return out;
}

/** Bounds of what a server may answer to one command. */
const REPLY_LINES_MAX = 1000;
const REPLY_LINE_BYTES_MAX = 8192;

const LINE = /^([2-5][0-9]{2})(?:([ -])(.*))?$/s;
const ENHANCED = /^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)/;

/**
 * Reads replies from a server's byte stream, in pieces of any size.
 *
 * ```abnf
 * Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF   ; RFC 5321 §4.2
 * ```
 *
 * A line end without CR is accepted: unlike in mail data nothing can be smuggled with it.
 */
export class ReplyReader {
  #text = '';
  #lines: string[] = [];
  #code = 0;
  #broken = false;

  /** True once the server sent something that is no reply; it cannot be understood from there on. */
  get broken(): boolean {
    return this.#broken;
  }

  push(chunk: Uint8Array): void {
    if (this.#broken) return;
    this.#text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
  }

  /** The next whole reply; undefined when more bytes are needed, or none can come (`broken`). */
  next(): SmtpReply | undefined {
    while (!this.#broken) {
      const end = this.#text.indexOf('\n');
      if (end > REPLY_LINE_BYTES_MAX || (end < 0 && this.#text.length > REPLY_LINE_BYTES_MAX))
        this.#broken = true;
      if (end < 0 || this.#broken) return undefined;
      const line = this.#text.slice(0, this.#text[end - 1] === '\r' ? end - 1 : end);
      this.#text = this.#text.slice(end + 1);
      if (this.#take(line)) return this.#finish();
    }
    return undefined;
  }

  #take(line: string): boolean {
    const match = LINE.exec(line);
    const code = Number(match?.[1]);
    const first = this.#lines.length === 0;
    if (match === null || (!first && code !== this.#code) || this.#lines.length > REPLY_LINES_MAX) {
      this.#broken = true;
      return false;
    }
    this.#code = code;
    this.#lines.push(match[3] ?? '');
    return match[2] !== '-';
  }

  #finish(): SmtpReply {
    const lines = this.#lines;
    this.#lines = [];
    return { code: this.#code, enhanced: ENHANCED.exec(lines[0]!)?.[1], lines };
  }
}
