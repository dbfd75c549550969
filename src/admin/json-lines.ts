import { PosthornError } from '#kernel';

const LF = 0x0a;

/** Reads JSON values, one a line, from chunks of bytes. */
export class JsonLines {
  readonly #bytesMax: number;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(lineBytesMax: number) {
    this.#bytesMax = lineBytesMax;
  }

  /** Takes bytes, gives the values that are complete. @throws {too-large}, {invalid} when a line is no JSON */
  push(chunk: Buffer): readonly unknown[] {
    const values: unknown[] = [];
    let from = 0;
    for (let lf = chunk.indexOf(LF); lf >= 0; lf = chunk.indexOf(LF, from)) {
      this.#keep(chunk.subarray(from, lf));
      values.push(parse(Buffer.concat(this.#pieces)));
      this.#pieces = [];
      this.#bytes = 0;
      from = lf + 1;
    }
    this.#keep(chunk.subarray(from));
    return values;
  }

  #keep(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#bytesMax)
      throw new PosthornError('too-large', `a line has over ${this.#bytesMax} bytes`);
    if (piece.length > 0) this.#pieces.push(piece);
  }
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    throw new PosthornError('invalid', 'a line is not JSON');
  }
}
