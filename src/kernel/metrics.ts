import { Counter, Registry } from 'prom-client';

const registry = new Registry();

/** The metrics of this thread (prom-client), added up over the threads by whoever shows them. */
export const metrics = {
  counter(name: string, help: string): Counter {
    return new Counter({ name: `posthorn_${name}`, help, registers: [registry] });
  },
  /** Current values by name. */
  async snapshot(): Promise<Readonly<Record<string, number>>> {
    const values: Record<string, number> = {};
    for (const metric of await registry.getMetricsAsJSON()) {
      values[metric.name] = metric.values.reduce((sum, { value }) => sum + value, 0);
    }
    return values;
  },
};
