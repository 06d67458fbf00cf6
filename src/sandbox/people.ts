import { pick } from './chance.js';
import type { Sandbox } from './sandbox.js';
import { service } from './words.js';

/** One random, plausible act at one of the APIs. Says in one line what was done, naming the task. */
export type Step = () => string;

/** People at work in both APIs: they edit most, and make about as many tasks as they delete. */
export function people(sandbox: Sandbox): Step {
  const at = { invoiced: atInvoiced(sandbox), freshbooks: atFreshBooks(sandbox) };
  return () => (sandbox.random() < 0.5 ? at.invoiced() : at.freshbooks());
}

/** Acts by their weight out of 100. */
type Acts = readonly (readonly [weight: number, act: Step])[];

function atInvoiced({ invoiced, clock, random }: Sandbox): Step {
  const staff = invoiced.people;
  const some = () => staff.randomId();
  const create = () => told('Invoiced', 'new', staff.create());
  const on = (act: (id: number) => string) => () => {
    const id = some();
    return id === undefined ? create() : act(id);
  };
  const dueIn = (days: number) => Math.floor(clock.now() / 86_400_000 + days) * 86_400;
  const completeOrReopen = (id: number) =>
    staff.task(id)?.complete
      ? told('Invoiced', 'reopened', staff.reopen(id))
      : told('Invoiced', 'completed', staff.complete(id));
  const acts: Acts = [
    [12, create],
    [24, on((id) => told('Invoiced', 'due later', staff.edit(id, { due_date: dueIn(2 + 28 * random()) })))],
    [
      12,
      on((id) =>
        told('Invoiced', 'handed over', staff.edit(id, { user_id: 1970 + Math.floor(9 * random()) })),
      ),
    ],
    [
      10,
      on((id) => told('Invoiced', 'renamed', staff.edit(id, { name: urgent(staff.task(id)?.name ?? '') }))),
    ],
    [30, on(completeOrReopen)],
    [
      12,
      on((id) => {
        const line = told('Invoiced', 'deleted', { id, name: staff.task(id)?.name ?? '' });
        staff.remove(id);
        return line;
      }),
    ],
  ];
  return () => weighted(acts, random)();
}

function atFreshBooks({ freshbooks, random }: Sandbox): Step {
  const staff = freshbooks.people;
  const number = (below: number) => Math.floor(below * random());
  const rate = () => ({ amount: 40 + 5 * number(33) });
  const create = () => {
    const { name, description } = service(number(2 ** 31));
    return told(
      'FreshBooks',
      'new',
      staff.createTask({ name, description, rate: { ...rate(), code: 'USD' } }),
    );
  };
  const on = (act: (id: number) => string) => () => {
    const id = staff.randomId();
    if (id === undefined) return create();
    // A deleted or archived task can only come back.
    return staff.task(id)?.vis_state === 0 ? act(id) : told('FreshBooks', 'restored', staff.restoreTask(id));
  };
  const acts: Acts = [
    [10, create],
    [35, on((id) => told('FreshBooks', 'new rate', staff.editTask(id, { rate: rate() })))],
    [
      15,
      on((id) =>
        told('FreshBooks', 'described', staff.editTask(id, { description: pick(descriptions, number(99)) })),
      ),
    ],
    [15, on((id) => told('FreshBooks', 'billable or not', staff.editTask(id, { billable: random() < 0.5 })))],
    [10, on((id) => told('FreshBooks', 'touched by its project', staff.touchService(id)))],
    [5, on((id) => told('FreshBooks', 'archived', staff.archiveTask(id)))],
    [10, on((id) => told('FreshBooks', 'deleted', staff.deleteTask(id)))],
  ];
  return () => weighted(acts, random)();
}

const descriptions = [
  'On site',
  'Remote',
  'Billed monthly',
  'Half days only',
  'By agreement',
  'Includes travel',
] as const;

function told(where: string, what: string, task: { readonly id: number; readonly name: string }): string {
  return `${where} ${task.id} ${what}: ${task.name}`;
}

function urgent(name: string): string {
  return name.startsWith('Urgent: ') ? name.slice('Urgent: '.length) : `Urgent: ${name}`;
}

function weighted(acts: Acts, random: () => number): Step {
  let left = random() * acts.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, act] of acts) {
    left -= weight;
    if (left < 0) return act;
  }
  return pick(acts, 0)[1];
}
