const CR = 0x0d;
const LF = 0x0a;

/** Turns the bare LF of mail kept on Unix into CRLF, chunk by chunk; everything else stays as it is. */
export class LineEnds {
  #lastByte = 0;

  /** Gives the chunk itself when nothing is to be changed in it. */
  convert(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk;
    const bare = this.#countBare(chunk);
    const converted = bare === 0 ? chunk : this.#insert(chunk, bare);
    this.#lastByte = chunk[chunk.length - 1]!;
    return converted;
  }

  #isBare(chunk: Buffer, lf: number): boolean {
    return (lf === 0 ? this.#lastByte : chunk[lf - 1]) !== CR;
  }

  #countBare(chunk: Buffer): number {
    let bare = 0;
    for (let lf = chunk.indexOf(LF); lf >= 0; lf = chunk.indexOf(LF, lf + 1))
      if (this.#isBare(chunk, lf)) bare++;
    return bare;
  }

  #insert(chunk: Buffer, bare: number): Buffer {
    const converted = Buffer.allocUnsafe(chunk.length + bare);
    let to = 0;
    let from = 0;
    for (let lf = chunk.indexOf(LF); lf >= 0; lf = chunk.indexOf(LF, lf + 1)) {
      if (!this.#isBare(chunk, lf)) continue;
      to += chunk.copy(converted, to, from, lf);
      converted[to++] = CR;
      from = lf;
    }
    chunk.copy(converted, to, from);
    return converted;
  }
}
