import type { Sandbox } from '../../sandbox/index.js';
import { collectionActions, collectionTask, service } from '../../sandbox/words.js';
import type { SourceName } from '../../sources/source.js';

/** A statement as a local writer would type it. */
export interface Statement {
  readonly source: SourceName;
  readonly text: string;
}

/** The same field of one task, changed on both sides. */
export interface Clash extends Statement {
  readonly field: string;
  /** What a person does at the API, told in one line. */
  atApi(): string;
}

/** What somebody at an SQL prompt does next: all that can be done, in turn. Null where there is no task to do it to. */
export interface Statements {
  next(): Statement | null;
  clash(): Clash | null;
}

/** Chooses by the sandbox's seed. */
export function statements(sandbox: Sandbox): Statements {
  const kinds = [newCall, dueLater, newService, newRate, noTask, (each: Sandbox) => newTask(each), noService];
  const clashes = [clashOfRates, clashOfDueDates];
  let [edits, clashed] = [0, 0];
  return {
    next: () => kinds[edits++ % kinds.length]?.(sandbox) ?? null,
    clash: () => clashes[clashed++ % clashes.length]?.(sandbox) ?? null,
  };
}

function dueLater(sandbox: Sandbox): Statement | null {
  const id = openTask(sandbox);
  const days = 2 + Math.floor(12 * sandbox.random());
  return id === null ? null : invoiced(`${setDueLater(days)} where id = ${id}`);
}

function newRate(sandbox: Sandbox): Statement | null {
  const id = activeService(sandbox);
  return id === null ? null : freshbooks(`${setRate(rateOf(sandbox, id) + 5)} where id = ${id}`);
}

/** What the demo's link rule takes up. */
const newCall = (sandbox: Sandbox): Statement => newTask(sandbox, 'phone');

function newTask({ clock, random }: Sandbox, only?: string): Statement {
  const number = Math.floor(2 ** 31 * random());
  const action = only ?? collectionActions[number % collectionActions.length] ?? 'phone';
  const name = quoted(collectionTask(action, number % 4_000, 1_000 + (number % 9_000)));
  const due = new Date(clock.now() + 14 * 86_400_000).toISOString().slice(0, 10);
  return invoiced(
    `insert into invoiced.tasks (name, action, due_date) values (${name}, '${action}', '${due}')`,
  );
}

function newService({ random }: Sandbox): Statement {
  const { name } = service(Math.floor(2 ** 31 * random()));
  const rate = 40 + 5 * Math.floor(33 * random());
  return freshbooks(
    `insert into freshbooks.tasks (name, rate_amount, rate_code) values (${quoted(name)}, ${rate}, 'USD')`,
  );
}

function noTask(sandbox: Sandbox): Statement | null {
  const id = openTask(sandbox);
  return id === null ? null : invoiced(`delete from invoiced.tasks where id = ${id}`);
}

function noService(sandbox: Sandbox): Statement | null {
  const id = activeService(sandbox);
  return id === null ? null : freshbooks(`delete from freshbooks.tasks where id = ${id}`);
}

function clashOfRates(sandbox: Sandbox): Clash | null {
  const id = activeService(sandbox);
  if (id === null) return null;
  const rate = rateOf(sandbox, id);
  return {
    ...freshbooks(`${setRate(rate + 20)} where id = ${id}`),
    field: 'rate',
    atApi: () => {
      const { name } = sandbox.freshbooks.people.editTask(id, { rate: { amount: rate + 10 } });
      return `FreshBooks ${id} new rate: ${name}`;
    },
  };
}

function clashOfDueDates(sandbox: Sandbox): Clash | null {
  const id = openTask(sandbox);
  if (id === null) return null;
  return {
    ...invoiced(`${setDueLater(7)} where id = ${id}`),
    field: 'due_date',
    atApi: () => {
      const { people } = sandbox.invoiced;
      const due_date = (people.task(id)?.due_date ?? 0) + 3 * 86_400;
      return `Invoiced ${id} due later: ${people.edit(id, { due_date }).name}`;
    },
  };
}

const invoiced = (text: string): Statement => ({ source: 'invoiced', text });
const freshbooks = (text: string): Statement => ({ source: 'freshbooks', text });
const setDueLater = (days: number): string =>
  `update invoiced.tasks set due_date = due_date + interval '${days} days'`;
const setRate = (amount: number): string => `update freshbooks.tasks set rate_amount = ${amount}`;
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function rateOf({ freshbooks }: Sandbox, id: number): number {
  return Math.round(Number(freshbooks.people.task(id)?.rate.amount ?? 0));
}

function openTask({ invoiced }: Sandbox): number | null {
  return someOf(invoiced.people, (id) => invoiced.people.task(id)?.complete === false);
}

function activeService({ freshbooks }: Sandbox): number | null {
  return someOf(freshbooks.people, (id) => freshbooks.people.task(id)?.vis_state === 0);
}

function someOf(people: { randomId(): number | undefined }, wanted: (id: number) => boolean): number | null {
  for (let tries = 0; tries < 50; tries += 1) {
    const id = people.randomId();
    if (id !== undefined && wanted(id)) return id;
  }
  return null;
}
