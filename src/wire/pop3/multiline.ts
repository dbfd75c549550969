const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const LF_DOT = Buffer.from('\n.');

/**
 * Writes a multi-line response (RFC 1939 §3): a dot at the start of a line is doubled, a line with one dot ends it.
 * Works on the bytes as they come in, in pieces cut anywhere; a piece without such a dot is given back as it is.
 *
 * A dot after a lone LF is doubled as well: most clients end their lines there, and a message could otherwise forge
 * the end of the response.
 */
export class MultilineEncoder {
  // The reply line before the first piece ended with CRLF.
  #beforeLast = CR;
  #last = LF;

  /** Gives the encoded bytes of the next piece. */
  push(piece: Buffer): Buffer {
    if (piece.length === 0) return piece;
    const first = this.#last === LF && piece[0] === DOT ? 0 : dotAfter(piece, 0);
    this.#beforeLast = piece.length > 1 ? piece[piece.length - 2]! : this.#last;
    this.#last = piece[piece.length - 1]!;
    return first < 0 ? piece : doubleDots(piece, first);
  }

  /** Gives the end of the response; a last line without CRLF gets one. */
  end(): string {
    return this.#beforeLast === CR && this.#last === LF ? '.\r\n' : '\r\n.\r\n';
  }
}

/** As `MultilineEncoder`, of all of a response behind its reply line at once, with its end; both are wire strings. */
export function encodeMultiline(wire: string): string {
  const first = wire.startsWith('.') ? '.' : '';
  const end = wire === '' || wire.endsWith('\r\n') ? '.\r\n' : '\r\n.\r\n';
  return `${first}${wire.replaceAll('\n.', '\n..')}${end}`;
}

/** The place of the next dot that starts a line, -1 without one. */
function dotAfter(piece: Buffer, from: number): number {
  const at = piece.indexOf(LF_DOT, from);
  return at < 0 ? -1 : at + 1;
}

function doubleDots(piece: Buffer, first: number): Buffer {
  let dots = 0;
  for (let dot = first; dot >= 0; dot = dotAfter(piece, dot)) dots++;
  const out = Buffer.allocUnsafe(piece.length + dots);
  let from = 0;
  let to = 0;
  for (let dot = first; dot >= 0; dot = dotAfter(piece, dot)) {
    to += piece.copy(out, to, from, dot);
    out[to++] = DOT;
    from = dot;
  }
  piece.copy(out, to, from);
  return out;
}
