import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Counters, createCounters } from './counters.js';

/** One process's metrics: of its own registry, since several daemons may live in one process. */
export interface Metrics {
  readonly registry: Registry;
  readonly counters: Counters;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return { registry, counters: createCounters(registry) };
}
