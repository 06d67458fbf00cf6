import type { InvoicedEdit, InvoicedTask } from './task.js';

export interface InvoicedSeed {
  readonly count: number;
  /** The oldest `created_at` and the newest `updated_at`, in unix seconds. Default: two years up to two days ago. */
  readonly from?: number;
  readonly until?: number;
}

/** What people do in Invoiced's own screens, and what happens there by itself. Unknown ids throw. */
export interface InvoicedPeople {
  task(id: number): InvoicedTask | undefined;
  /** In order of ids. */
  tasks(): Iterable<InvoicedTask>;
  count(): number;
  /** Any id that exists, or undefined when there is none. */
  randomId(): number | undefined;
  /** Adds tasks that are made from the seed: up to a million, at no cost until they are read. */
  seed(seed: InvoicedSeed): void;
  /** Without `name`, `action`, `due_date` it takes plausible ones. */
  create(task?: InvoicedEdit): InvoicedTask;
  edit(id: number, changes: InvoicedEdit): InvoicedTask;
  complete(id: number, userId?: number): InvoicedTask;
  reopen(id: number): InvoicedTask;
  remove(id: number): void;
  /** The customer has paid everything: its open tasks are deleted, without an event. Gives their ids. */
  settleCustomer(customerId: number): readonly number[];
  /** The customer and all its tasks are deleted, without an event. */
  removeCustomer(customerId: number): readonly number[];
  /** Tasks move to another customer; `updated_at` stays put. */
  mergeCustomers(from: number, into: number): readonly number[];
  /** Tasks move to another user, or to nobody; `updated_at` stays put. */
  mergeUsers(from: number, into: number | null): readonly number[];
  /** Overlays keys on the answers for one task, lists and single reads alike: hostile values, unknown keys. */
  mangle(id: number, keys: Readonly<Record<string, unknown>>): void;
}
