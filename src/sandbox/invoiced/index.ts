import type { SandboxApi, SandboxResponse, SandboxWorld } from '../api.js';
import { createInvoicedPeople, type Desk } from './at-work.js';
import { createEventBook } from './events.js';
import { createGate } from './gate.js';
import { createIdempotencyKeys } from './idempotency.js';
import { type InvoicedOptions, invoicedDefaults } from './options.js';
import type { InvoicedPeople } from './people.js';
import { present } from './present.js';
import { Refusal, refusalResponse } from './refusal.js';
import { createRoutes, routeOf } from './routes.js';
import { createStamp } from './stamp.js';
import { createTaskStore } from './store.js';
import { restoreAll, snapshotAll } from './stored.js';

export interface InvoicedApi extends SandboxApi {
  readonly name: 'invoiced';
  /** In force at once when changed. */
  readonly options: InvoicedOptions;
  readonly people: InvoicedPeople;
}

/** Invoiced's tasks and events as far as they are known, every uncertain part behind a switch. */
export function createInvoicedApi(world: SandboxWorld, given: Partial<InvoicedOptions> = {}): InvoicedApi {
  const options: InvoicedOptions = { ...invoicedDefaults, ...given };
  const mangled: Desk['mangled'] = new Map();
  const desk: Desk = {
    world,
    options,
    store: createTaskStore(options.firstTaskId),
    events: createEventBook(world, options),
    stamp: createStamp(options),
    present: (task) => present(task, options, mangled.get(task.id)),
    mangled,
  };
  const gate = createGate(world, options);
  const keys = createIdempotencyKeys(world, options);
  const answer = createRoutes(desk);

  const refused = (work: () => SandboxResponse | undefined) => {
    try {
      return work();
    } catch (error) {
      if (error instanceof Refusal) return refusalResponse(error, options);
      throw error;
    }
  };
  return {
    name: 'invoiced',
    options,
    people: createInvoicedPeople(desk),
    routeOf,
    // Kept answers are looked for on arrival only: two requests at once with one key both run.
    admit: (request, inFlight) =>
      refused(() => {
        gate(request, inFlight);
        return keys.kept(request);
      }),
    handle(request) {
      const kept = options.idempotencyRace === 'one' ? keys.kept(request) : undefined;
      const response = kept ?? refused(() => answer(request)) ?? { status: 500 };
      keys.keep(request, response);
      return response;
    },
    failure: (status) => failureBody(status, options),
    failed: (request, response) => keys.keep(request, response),
    snapshot: () => snapshotAll(desk, keys),
    restore: (snapshot) => restoreAll(desk, keys, snapshot),
  };
}

function failureBody(status: number, options: InvoicedOptions): unknown {
  const message = status === 429 ? 'Too many requests.' : 'There was an error processing your request.';
  return refusalResponse(new Refusal(status, message), options).body;
}
