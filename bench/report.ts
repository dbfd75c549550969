/** One measured quantity for several servers; Posthorn on either engine, the peer last. */
export interface Table {
  readonly title: string;
  readonly unit: string;
  readonly notes: readonly string[];
  readonly rows: readonly {
    readonly server: string;
    readonly figures: readonly number[];
    /** The row that its ratio is to; the last one when not given. */
    readonly base?: string;
  }[];
}

export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5);
}

/** The figure that a share of all is below. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (high - low) * (at - Math.floor(at));
}

/** Prints tables, notes that several in a row have in common behind the last of them. */
export function printTables(tables: readonly Table[]): void {
  tables.forEach((table, index) => {
    printTable(table);
    const next = tables[index + 1];
    if (next !== undefined && next.notes.join('\n') === table.notes.join('\n')) return;
    for (const note of table.notes) process.stdout.write(`  ${note}\n`);
  });
}

/** Prints minimum, median and maximum of each server, and the median's ratio to the last row (the peer). */
function printTable(table: Table): void {
  process.stdout.write(`\n${table.title} (${table.unit})\n`);
  const widest = Math.max(20, ...table.rows.map(({ server }) => server.length));
  for (const { server, figures, base } of table.rows) {
    const to =
      base === undefined ? table.rows.at(-1) : table.rows.find((row) => row.server === base);
    const shown = [Math.min(...figures), median(figures), Math.max(...figures)].map((figure) =>
      figure.toFixed(figure < 100 ? 2 : 0).padStart(9),
    );
    const ratio = `${(median(figures) / median(to?.figures ?? [])).toFixed(2)}x`.padStart(8);
    process.stdout.write(
      `  ${server.padEnd(widest)} min ${shown[0]} median ${shown[1]} max ${shown[2]} ${ratio}\n`,
    );
  }
}
