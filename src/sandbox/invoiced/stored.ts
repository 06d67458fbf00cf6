import type { Row } from '../envelope.js';
import type { Desk } from './at-work.js';
import type { InvoicedEvent } from './events.js';
import type { IdempotencyKeys, KeptAnswer } from './idempotency.js';
import type { StoredTasks } from './store.js';

interface Stored {
  readonly tasks: StoredTasks;
  readonly events: readonly InvoicedEvent[];
  readonly keys: readonly KeptAnswer[];
  readonly mangled: readonly (readonly [number, Row])[];
}

/** Everything that Invoiced knows, but its switches and the walk under way. */
export function snapshotAll({ store, events, mangled }: Desk, keys: IdempotencyKeys): Stored {
  return {
    tasks: store.snapshot(),
    events: events.snapshot(),
    keys: keys.snapshot(),
    mangled: [...mangled],
  };
}

/** Takes back what `snapshotAll` gave, perhaps by way of JSON. */
export function restoreAll({ store, events, mangled }: Desk, keys: IdempotencyKeys, snapshot: unknown): void {
  const stored = snapshot as Stored;
  store.restore(stored.tasks);
  events.restore(stored.events);
  keys.restore(stored.keys);
  mangled.clear();
  for (const [id, overlay] of stored.mangled) mangled.set(id, overlay);
}
