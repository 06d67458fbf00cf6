import type { SandboxWorld } from '../api.js';
import type { Row } from '../envelope.js';
import type { InvoicedOptions } from './options.js';

export type EventType = 'task.created' | 'task.updated' | 'task.completed' | 'task.deleted';

export interface InvoicedEvent {
  readonly id: number;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly type: EventType;
  readonly data: { readonly object: Row; readonly previous: Row };
}

/** What happened to tasks, as far as Invoiced writes it down: late, not always, and sometimes without its object. */
export interface EventBook {
  write(type: EventType, object: Row, previous?: Row): void;
  /** The visible ones, newest first. `type` is a type or `task`; the times are unix seconds, both inclusive. */
  find(type: string | null, from: number | null, to: number | null): readonly InvoicedEvent[];
  snapshot(): readonly InvoicedEvent[];
  restore(events: readonly InvoicedEvent[]): void;
}

/** Older ones are forgotten. */
const kept = 20_000;

export function createEventBook(world: SandboxWorld, options: InvoicedOptions): EventBook {
  let events: InvoicedEvent[] = [];
  let lastId = 0;
  return {
    write(type, object, previous = {}) {
      // Drawn only where it matters: the rest of the world's chance stays as it was.
      if (options.eventLoss > 0 && world.random() < options.eventLoss) return;
      const empty = options.eventEmpty > 0 && world.random() < options.eventEmpty;
      lastId += 1;
      const timestamp = Math.floor(world.now() / 1000);
      events.push({ id: lastId, timestamp, type, data: { object: empty ? {} : object, previous } });
      if (events.length >= 2 * kept) events = events.slice(-kept);
    },
    find(type, from, to) {
      const newest = Math.floor((world.now() - options.eventDelay) / 1000);
      const until = Math.min(newest, to ?? newest);
      const found = events.filter(
        (event) =>
          event.timestamp <= until &&
          event.timestamp >= (from ?? 0) &&
          (type === null || event.type === type || event.type.startsWith(`${type}.`)),
      );
      return found.reverse();
    },
    snapshot: () => events.slice(-kept),
    restore(stored) {
      events = [...stored];
      lastId = events.at(-1)?.id ?? 0;
    },
  };
}
