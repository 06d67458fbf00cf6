import fc from 'fast-check';
import { changesBetween } from '../ledger.js';
import { fieldOf, type Told, toldByApi } from '../sides.js';
import type { ModelWorld } from '../world.js';
import { type CommandKind, kind } from './kind.js';

const target = fc.nat({ max: 11 });

/** What people do at the API, in its own screens or by other programs, and what it does by itself. */
export const atApi: readonly CommandKind[] = [
  kind('create at the API', 2, fc.constant(null), (world) =>
    act(world, 'is made', ({ sandbox, source, values }) => {
      const name = `${values.label('P')}.made`;
      if (source === 'invoiced') sandbox.invoiced.people.create({ name });
      else sandbox.freshbooks.people.createTask({ name });
    }),
  ),
  kind(
    'edit at the API',
    10,
    fc.record({ target, fields: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 3 }) }),
    (world, { target, fields }) => {
      const [id, task] = pick(world, target);
      if (task === undefined) return;
      const changes: Record<string, string> = {};
      for (const index of fields) {
        const field = fieldOf(world.setting, index);
        changes[field] = world.values.next(field, task, id);
      }
      act(world, `${id} is edited: ${Object.keys(changes).join(', ')}`, () =>
        edit(world, Number(id), changes),
      );
    },
  ),
  kind('delete at the API', 2, target, (world, target) => {
    const [id] = pick(world, target);
    if (id !== '')
      act(world, `${id} is deleted`, ({ sandbox, source }) => {
        if (source === 'invoiced') sandbox.invoiced.people.remove(Number(id));
        else sandbox.freshbooks.people.deleteTask(Number(id));
      });
  }),
  kind(
    'complete or reopen at the API',
    2,
    target,
    (world, target) => {
      const [id, task] = pick(world, target);
      const { people } = world.sandbox.invoiced;
      if (task?.['complete'] === 'true') act(world, `${id} is reopened`, () => people.reopen(Number(id)));
      else if (task !== undefined)
        act(world, `${id} is completed`, () =>
          people.complete(Number(id), Number(world.values.next('tax1', task, id))),
        );
    },
    'invoiced',
  ),
  kind(
    'restore or archive at the API',
    3,
    fc.record({ target, archive: fc.boolean() }),
    (world, { target, archive }) => {
      const [id] = pick(world, target);
      const { people, options } = world.sandbox.freshbooks;
      if (id === '' || (archive && options.archive === 'refused')) return;
      act(world, `${id} is ${archive ? 'archived' : 'restored'}`, () => {
        if (archive) people.archiveTask(Number(id));
        else people.restoreTask(Number(id));
      });
    },
    'freshbooks',
  ),
  kind(
    'merge or remove silently',
    2,
    fc.record({ target, how: fc.constantFrom('users', 'customers', 'settle', 'nobody') }),
    (world, { target, how }) => {
      const [id, task] = pick(world, target);
      if (task === undefined) return;
      const { people } = world.sandbox.invoiced;
      const [user, customer] = [Number(task['user_id']), Number(task['customer_id'])];
      const next = () => Number(world.values.next('tax1', task, id));
      act(world, `the user's or customer's tasks of ${id}: ${how}`, () => {
        if (how === 'users' && !Number.isNaN(user)) people.mergeUsers(user, next());
        if (how === 'nobody' && !Number.isNaN(user)) people.mergeUsers(user, null);
        if (how === 'customers' && !Number.isNaN(customer)) people.mergeCustomers(customer, next());
        if (how === 'settle' && !Number.isNaN(customer)) people.settleCustomer(customer);
      });
    },
    'invoiced',
  ),
];

/** Does something at the API at once, and writes down what it changed. */
export function act(world: ModelWorld, what: string, work: (world: ModelWorld) => void): void {
  const { sandbox, source, ledger } = world;
  world.wire.look();
  const before = toldByApi(sandbox, source);
  work(world);
  world.note(`at the API ${what}`);
  const byTask = new Map<string, Record<string, string>>();
  for (const { task, field, after } of changesBetween(before, toldByApi(sandbox, source))) {
    const changes = byTask.get(task) ?? {};
    // What is gone for good is deleted, whatever it held.
    if (field === 'vis_state') changes[field] = after ?? '1';
    else if (after !== null) changes[field] = after;
    byTask.set(task, changes);
  }
  for (const [task, changes] of byTask) {
    world.note(`  ${task}: ${JSON.stringify(changes)}`);
    const had = before.get(task);
    if (had !== undefined) ledger.edit('remote', task, had, changes);
  }
  world.wire.known();
}

function pick(
  { sandbox, source }: ModelWorld,
  target: number,
): readonly [id: string, task: Told | undefined] {
  const tasks = [...toldByApi(sandbox, source)];
  return tasks[tasks.length === 0 ? 0 : target % tasks.length] ?? ['', undefined];
}

export function edit({ sandbox, source }: ModelWorld, id: number, changes: Told): void {
  const input: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(changes)) input[field] = typed(field, value);
  if (source === 'freshbooks') sandbox.freshbooks.people.editTask(id, input);
  else sandbox.invoiced.people.edit(id, input);
}

function typed(field: string, value: string): unknown {
  if (field === 'name' || field === 'description' || field === 'action') return value;
  if (field === 'complete' || field === 'billable') return value === 'true';
  if (field === 'rate') return { amount: value.split(' ')[0], code: value.split(' ')[1] };
  return value === 'null' ? null : Number(value);
}
