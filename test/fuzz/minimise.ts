/**
 * Makes an input smaller as long as it still breaks: takes out pieces, large ones first, then writes plain letters for bytes that
 * can be anything.
 *
 * @param breaks whether an input still breaks the same thing
 * @param triesMax how often it may be asked
 */
export async function minimise(
  input: Buffer,
  breaks: (input: Buffer) => Promise<boolean>,
  triesMax: number,
): Promise<Buffer> {
  let best = input;
  let tries = 0;
  const isBetter = async (candidate: Buffer): Promise<boolean> => {
    if (tries >= triesMax) return false;
    tries++;
    if (!(await breaks(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = Math.ceil(input.length / 2); size >= 1 && tries < triesMax; ) {
    let shrunk = false;
    for (let at = 0; at < best.length; ) {
      const without = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      if (await isBetter(without)) shrunk = true;
      else at += size;
      if (tries >= triesMax) break;
    }
    if (size === 1 && !shrunk) break;
    size = Math.max(1, shrunk && size === 1 ? 1 : size >> 1);
  }
  for (let at = 0; at < best.length && tries < triesMax; at++) {
    const byte = best[at]!;
    if (byte === 0x61 || byte === 10 || byte === 13 || byte === 32) continue;
    const plain = Buffer.from(best);
    plain[at] = 0x61;
    await isBetter(plain);
  }
  return best;
}
