/** One measured quantity for several servers; Posthorn on either engine, the peer last. */
export interface Table {
  readonly title: string;
  readonly unit: string;
  readonly notes: readonly string[];
  readonly rows: readonly { readonly server: string; readonly figures: readonly number[] }[];
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Prints minimum, median and maximum of each server, and the median's ratio to the last row (the peer). */
export function printTable(table: Table): void {
  const peer = table.rows.at(-1);
  const base = peer === undefined ? Number.NaN : median(peer.figures);
  process.stdout.write(`\n${table.title} (${table.unit})\n`);
  for (const { server, figures } of table.rows) {
    const shown = [Math.min(...figures), median(figures), Math.max(...figures)].map((figure) =>
      figure.toFixed(0).padStart(9),
    );
    const ratio = `${(median(figures) / base).toFixed(2)}x`.padStart(8);
    process.stdout.write(
      `  ${server.padEnd(20)} min ${shown[0]} median ${shown[1]} max ${shown[2]} ${ratio}\n`,
    );
  }
  for (const note of table.notes) process.stdout.write(`  ${note}\n`);
}
