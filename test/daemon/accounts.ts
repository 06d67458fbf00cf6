import { expect } from 'vitest';
import type { SandboxOptions } from '../../src/sandbox/index.js';
import { run } from '../cli/command.js';
import { until } from '../servers/index.js';
import type { World } from './world.js';

/** An account as people see it at its API, and the connection that mirrors it. */
export interface AtApi {
  readonly connection: string;
  readonly source: 'invoiced' | 'freshbooks';
  names(): readonly string[];
  nameOf(id: number): string | undefined;
  rename(id: number, name: string): void;
}

const SECOND_KEY = 'second-api-key';
const SECOND_ACCOUNT = 'bQ7rT2';
/** The sandbox counts over all accounts of an API what the real ones count for each by itself. */
export const UNCOUNTED = { maxInFlight: 1_000 };

/** Two accounts of each source, each with so many tasks. */
export function twoOfEach(tasks: number): Required<Pick<SandboxOptions, 'invoiced' | 'freshbooks'>> {
  return {
    invoiced: {
      tasks,
      options: UNCOUNTED,
      further: [{ apiKey: SECOND_KEY, tasks, options: UNCOUNTED }],
    },
    freshbooks: { tasks, options: { rateLimit: 1_000_000 }, further: { [SECOND_ACCOUNT]: tasks } },
  };
}

/** Has the second of each added by the command, and waits until a worker that runs has read all four. */
export async function readTwoOfEach(world: World): Promise<readonly AtApi[]> {
  const { freshbooks } = world.sandbox;
  await areRead(world, ['invoiced', 'freshbooks']);
  const accounts = [
    atInvoiced(world, 'invoiced', world.sandbox.invoiced.apiKey),
    await addInvoiced(world, 'second-invoiced', SECOND_KEY),
    atFreshbooks('freshbooks', freshbooks.people),
    atFreshbooks('second-freshbooks', freshbooks.peopleOf(SECOND_ACCOUNT)),
  ];
  const shared = ['--source', 'freshbooks', '--share', 'freshbooks', '--account-id', SECOND_ACCOUNT];
  await add(world, ['second-freshbooks', ...shared]);
  await areRead(
    world,
    accounts.map(({ connection }) => connection),
  );
  return accounts;
}

/** Adds an account of Invoiced by the command; a worker that runs begins to read it. */
export async function addInvoiced(world: World, connection: string, apiKey: string): Promise<AtApi> {
  const { url } = world.sandbox.invoiced;
  const args = ['--source', 'invoiced', '--no-check', '--base-url', url, '--key-file', '-'];
  await add(world, [connection, ...args], apiKey);
  return atInvoiced(world, connection, apiKey);
}

function atInvoiced({ sandbox: { invoiced } }: World, connection: string, apiKey: string): AtApi {
  const account = [invoiced, ...invoiced.further].find((account) => account.apiKey === apiKey);
  if (account === undefined) throw new Error(`The sandbox has no account for ${apiKey}.`);
  const { people } = account;
  return {
    connection,
    source: 'invoiced',
    names: () => [...people.tasks()].map(({ name }) => name),
    nameOf: (id) => people.task(id)?.name,
    rename: (id, name) => void people.edit(id, { name }),
  };
}

function atFreshbooks(connection: string, people: World['sandbox']['freshbooks']['people']): AtApi {
  return {
    connection,
    source: 'freshbooks',
    names: () => [...people.tasks()].map(({ name }) => name),
    nameOf: (id) => people.task(id)?.name,
    rename: (id, name) => void people.editTask(id, { name }),
  };
}

async function add({ env }: World, args: readonly string[], input = ''): Promise<void> {
  const { code, errors } = await run(['connections', 'add', ...args], {
    env: { ...env },
    input: `${input}\n`,
  });
  expect({ code, errors }).toMatchObject({ code: 0 });
}

async function areRead({ sql }: World, connections: readonly string[]): Promise<void> {
  await until(
    `${connections.join(', ')} are read`,
    async () => {
      const read = await sql`select from sync.cursors where connection in ${sql(connections)}`;
      return read.length === connections.length;
    },
    60_000,
  );
}
