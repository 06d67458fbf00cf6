import { onTestFinished } from 'vitest';
import { until } from '../servers/index.js';
import type { AtApi } from './accounts.js';
import type { World } from './world.js';

/** People who enter and rename tasks on and on, by SQL and at the APIs. */
export interface Editors {
  /** Resolves when they have done a good deal more. */
  goOn(): Promise<void>;
  /** They stop. Gives what the tasks of each account are called now that all is said. */
  stop(): Promise<ReadonlyMap<AtApi, readonly string[]>>;
}

const MORE = 24;
/** While a killed worker's lease lasts, nothing of its accounts is sent. */
const LONGEST_MS = 90_000;

export function keepEditing({ sql }: Pick<World, 'sql'>, accounts: readonly AtApi[]): Editors {
  const people = { edits: 0, stopped: false };
  const leave = (): void => {
    people.stopped = true;
  };
  onTestFinished(leave);
  const all = Promise.all(
    accounts.map(async (account) => [account, await keepRenaming(sql, account, people)] as const),
  );
  // Told to whoever stops them.
  all.catch(leave);
  return {
    goOn: async () => {
      const before = people.edits;
      await until('people have done more', () => people.edits >= before + MORE, LONGEST_MS);
    },
    stop: async () => {
      leave();
      return new Map(await all);
    },
  };
}

interface Task {
  readonly row: string;
  readonly id: number;
  readonly name: string;
}

/** No name comes twice, so that a task which is made twice has one that nobody expects. */
async function keepRenaming(
  sql: World['sql'],
  account: AtApi,
  people: { edits: number; readonly stopped: boolean },
): Promise<readonly string[]> {
  const { connection, source } = account;
  const table = sql(`${source}.tasks`);
  const tasks = await sql<Task[]>`
    select row_id::text as row, id::int, name from ${table} where connection = ${connection} order by row_id`;
  const there = tasks.slice(0, tasks.length / 2);
  const here: Omit<Task, 'id'>[] = tasks.slice(there.length);
  const acts = [
    async (name: string, turn: number) => {
      const at = turn % there.length;
      const task = there[at];
      if (task === undefined) return;
      account.rename(task.id, name);
      there[at] = { ...task, name };
    },
    async (name: string, turn: number) => {
      // The one that was made last too, perhaps while it is being sent.
      const at = here.length - 1 - (turn % here.length);
      const task = here[at];
      if (task === undefined) return;
      await sql`update ${table} set name = ${name} where row_id = ${task.row}`;
      here[at] = { ...task, name };
    },
    async (name: string) => {
      const [made] =
        source === 'invoiced'
          ? await sql<{ row: string }[]>`
              insert into invoiced.tasks (connection, name, action, due_date)
              values (${connection}, ${name}, 'phone', now() + interval '1 day') returning row_id::text as row`
          : await sql<{ row: string }[]>`
              insert into freshbooks.tasks (connection, name) values (${connection}, ${name}) returning row_id::text as row`;
      if (made !== undefined) here.push({ row: made.row, name });
    },
  ];
  for (let turn = 0; !people.stopped; turn++) {
    for (const [at, act] of acts.entries()) {
      await act(`Task ${turn}.${at} of ${connection}`, turn);
      people.edits++;
    }
    await until(
      `what was entered in ${connection} is sent, or put off`,
      async () => {
        const waiting = await sql`
          select from ${table} where connection = ${connection} and sync_state = 'pending' and push_after is null`;
        return people.stopped || waiting.length === 0;
      },
      LONGEST_MS,
    );
  }
  return [...there, ...here].map(({ name }) => name);
}
