import type { ParseOptions } from './parser.ts';
import { CommandReader, type ReaderLimits } from './reader.ts';
import { parseResponse, type Response } from './response.ts';

const DEFAULTS: ReaderLimits = {
  lineBytesMax: 64 * 1024 * 1024,
  collectedBytesMax: 256 * 1024 * 1024,
  literalsMax: 1_000_000,
};

/**
 * Cuts a server's byte stream into responses. A status response or continuation is one line,
 * whatever its text ends with; in all other data a literal may come at a line's end.
 */
export class ResponseReader {
  readonly #reader: CommandReader;
  readonly #options: ParseOptions;

  constructor(options: ParseOptions, limits: Partial<ReaderLimits> = {}) {
    this.#reader = new CommandReader({ ...DEFAULTS, ...limits });
    this.#options = options;
  }

  /** Adds bytes from the network; they must not be overwritten afterwards. */
  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  /** Bytes that have come and are not part of a response given out. */
  get bufferedBytes(): number {
    return this.#reader.bufferedBytes;
  }

  /** Forgets all input, for instance what came in plain text before TLS. */
  clear(): void {
    this.#reader.clear();
  }

  /** The next whole response; undefined until more bytes come. */
  next(): Response | undefined {
    for (;;) {
      const result = this.#reader.next();
      switch (result.kind) {
        case 'need-more':
          return undefined;
        case 'literal':
          if (isOneLine(result.bytes)) return parseResponse(this.#reader.asText(), this.#options);
          this.#reader.collect();
          break;
        case 'command':
          return parseResponse(result.bytes, this.#options);
        case 'error':
          return { kind: 'invalid', text: result.text, bytes: Buffer.alloc(0) };
        case 'line':
        case 'data':
        case 'literal-end':
          break;
      }
    }
  }
}

/** Tagged responses, continuations and untagged OK, NO, BAD, BYE, PREAUTH hold no literals. */
function isOneLine(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, Math.min(bytes.length, 10));
  return !start.startsWith('* ') || /^\* (OK|NO|BAD|BYE|PREAUTH) /i.test(start);
}
