import type { SandboxApi, SandboxRequest, SandboxWorld } from '../api.js';
import { isRow } from '../envelope.js';
import { userOf } from './gate.js';
import { createInvoicedApi, type InvoicedApi } from './index.js';
import type { InvoicedOptions } from './options.js';

/** Several accounts at one address. */
export interface InvoicedAccounts extends SandboxApi {
  readonly name: 'invoiced';
  /** The first one answers whoever brings no key that is known. */
  readonly accounts: readonly [InvoicedApi, ...InvoicedApi[]];
}

/** Accounts that know nothing of each other: the key alone tells which one is meant. */
export function createInvoicedAccounts(
  world: SandboxWorld,
  [given, ...others]: readonly (Partial<InvoicedOptions> | undefined)[],
): InvoicedAccounts {
  const first = createInvoicedApi(world, given);
  const further = others.map((options) => createInvoicedApi(world, options));
  const of = (request: SandboxRequest): InvoicedApi => {
    const key = userOf(request);
    return further.find(({ options }) => options.apiKey === key) ?? first;
  };
  return {
    name: 'invoiced',
    accounts: [first, ...further],
    routeOf: (request) => first.routeOf(request),
    handle: (request) => of(request).handle(request),
    admit: (request, inFlight) => of(request).admit?.(request, inFlight),
    failure: (status, request) => of(request).failure?.(status, request),
    failed: (request, response) => of(request).failed?.(request, response),
    snapshot: () => {
      const snapshot = first.snapshot();
      if (further.length === 0 || !isRow(snapshot)) return snapshot;
      return { ...snapshot, further: further.map((account) => account.snapshot()) };
    },
    restore(snapshot) {
      first.restore(snapshot);
      const others: unknown = isRow(snapshot) ? snapshot['further'] : undefined;
      for (const [index, account] of further.entries()) {
        const its: unknown = Array.isArray(others) ? others[index] : undefined;
        if (its !== undefined) account.restore(its);
      }
    },
  };
}
