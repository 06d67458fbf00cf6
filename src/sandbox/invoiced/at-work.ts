import type { SandboxWorld } from '../api.js';
import { pick } from '../chance.js';
import type { Row } from '../envelope.js';
import { collectionActions, collectionTask } from '../words.js';
import { changedKeys, createdTask, editedTask } from './edit.js';
import type { EventBook } from './events.js';
import type { InvoicedOptions } from './options.js';
import type { InvoicedPeople } from './people.js';
import type { TaskStore } from './store.js';
import type { InvoicedEdit, InvoicedTask } from './task.js';

export interface Desk {
  readonly world: SandboxWorld;
  readonly options: InvoicedOptions;
  readonly store: TaskStore;
  readonly events: EventBook;
  readonly stamp: (milliseconds: number) => number;
  readonly present: (task: InvoicedTask) => Row;
  /** Keys laid over a task's answers, by id. */
  readonly mangled: Map<number, Row>;
}

/** What the API and people's own screens have in common: a change with its stamp and its events. */
export function createAt(desk: Desk, edit: InvoicedEdit): InvoicedTask {
  const task = createdTask(edit, desk.store.nextId(), now(desk));
  desk.store.put(task);
  desk.events.write('task.created', desk.present(task));
  return task;
}

export function editAt(desk: Desk, task: InvoicedTask, edit: InvoicedEdit): InvoicedTask {
  const edited = editedTask(task, edit, now(desk), desk.options);
  desk.store.put(edited);
  const changed = changedKeys(task, edited);
  if (changed.length === 0) return edited;
  const previous = Object.fromEntries(changed.map((key) => [key, task[key]]));
  desk.events.write('task.updated', desk.present(edited), previous);
  if (!task.complete && edited.complete) desk.events.write('task.completed', desk.present(edited), previous);
  return edited;
}

export function removeAt(desk: Desk, task: InvoicedTask, silently = false): void {
  desk.store.delete(task.id);
  if (!silently) desk.events.write('task.deleted', desk.present(task));
}

export function createInvoicedPeople(desk: Desk): InvoicedPeople {
  const { world, options, store, mangled } = desk;
  const known = (id: number) => {
    const task = store.get(id);
    if (!task) throw new RangeError(`Invoiced has no task ${id}.`);
    return task;
  };
  const removeAll = (fits: (task: InvoicedTask) => boolean) => {
    const gone = [...store.after(0)].filter(fits);
    for (const task of gone) removeAt(desk, task, options.silentDeletes);
    return gone.map(({ id }) => id);
  };
  const move = (fits: (task: InvoicedTask) => boolean, to: InvoicedEdit) => {
    const moved = [...store.after(0)].filter(fits);
    for (const task of moved) {
      store.put({ ...task, ...to, updated_at: options.mergeTouches ? now(desk) : task.updated_at });
    }
    return moved.map(({ id }) => id);
  };
  return {
    task: store.get,
    tasks: () => store.after(0),
    count: () => store.size,
    randomId: () => randomId(world, store),
    seed({ count, from, until = Math.floor(world.now() / 1000) - 2 * 86_400 }) {
      if (count <= 0) return;
      const seed = Math.floor(world.random() * 2 ** 32);
      store.seed({ seed, count, from: from ?? until - 2 * 365 * 86_400, until });
    },
    create: (edit = {}) => createAt(desk, { ...plausible(world), ...edit }),
    edit: (id, changes) => editAt(desk, known(id), changes),
    complete: (id, userId) =>
      editAt(desk, known(id), { complete: true, completed_by_user_id: userId ?? known(id).user_id }),
    reopen: (id) => editAt(desk, known(id), { complete: false }),
    remove: (id) => removeAt(desk, known(id)),
    settleCustomer: (customer) => removeAll((task) => task.customer_id === customer && !task.complete),
    removeCustomer: (customer) => removeAll((task) => task.customer_id === customer),
    mergeCustomers: (from, into) => move((task) => task.customer_id === from, { customer_id: into }),
    mergeUsers: (from, into) => move((task) => task.user_id === from, { user_id: into }),
    mangle(id, keys) {
      mangled.set(known(id).id, { ...mangled.get(id), ...keys });
    },
  };
}

function now({ world, stamp }: Desk): number {
  return stamp(world.now());
}

/** Tries a few ids by chance, then takes the next one that is there. */
function randomId(world: SandboxWorld, store: TaskStore): number | undefined {
  const guess = () => 1 + Math.floor(world.random() * store.lastId);
  for (let tries = 0; tries < 20; tries += 1) {
    const id = guess();
    if (store.get(id)) return id;
  }
  for (const from of [guess(), 0]) for (const { id } of store.after(from)) return id;
  return undefined;
}

function plausible(world: SandboxWorld): InvoicedEdit {
  const number = (below: number) => Math.floor(world.random() * below);
  const action = pick(collectionActions, number(collectionActions.length));
  const customer = 480_000 + number(40);
  return {
    action,
    customer_id: customer,
    due_date: Math.floor(world.now() / 86_400_000 + 1 + number(30)) * 86_400,
    name: collectionTask(action, customer, 1000 + number(9000)),
    user_id: 1970 + number(9),
  };
}
