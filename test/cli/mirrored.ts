import { expect, onTestFinished } from 'vitest';
import {
  type Connection,
  connections,
  expectOutcome,
  openWorld,
  type World,
  type WorldOptions,
} from '../sync/world.js';
import { run } from './command.js';

/** Both APIs mirrored, and the command line beside them. */
export interface Mirrored {
  readonly world: World;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command line that is to end with 0, and gives what it wrote. */
  does(...args: string[]): Promise<string>;
  /** The same, of a verb with `--json`. */
  // biome-ignore lint/suspicious/noExplicitAny: what programs get is looked at by tests
  tells(...args: string[]): Promise<any>;
  /** Runs a command line that is to end with this code, and gives its one line of error. */
  fails(code: number, ...args: string[]): Promise<string>;
  /** The row_ids of the first active tasks. */
  rows(connection: Connection, count: number): Promise<readonly string[]>;
  row(connection: Connection, rowId: string): Promise<Record<string, unknown>>;
}

export async function mirrored(options: WorldOptions = {}): Promise<Mirrored> {
  const world = await openWorld({
    sandbox: { invoiced: { tasks: 30 }, freshbooks: { tasks: 30 } },
    ...options,
  });
  onTestFinished(() => world.close());
  for (const connection of connections) expectOutcome(await world.walk(connection), 'ok');
  const env: Record<string, string> = { DATABASE_URL: world.db.url };
  const does = async (...args: string[]) => {
    const { code, output, errors } = await run(args, { env });
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    return output;
  };
  return {
    world,
    env,
    does,
    tells: async (...args) => JSON.parse(await does(...args, '--json')),
    fails: async (code, ...args) => {
      const result = await run(args, { env });
      expect(result).toMatchObject({
        code,
        output: '',
        errors: expect.stringMatching(/^taskmirror: [^\n]*\n$/),
      });
      return result.errors;
    },
    rows: async (connection, count) => {
      const rows = await world.sql`
        select row_id from ${world.sql(connection)}.tasks where vis_state = 0 order by row_id limit ${count}`;
      return rows.map((row) => String(row['row_id']));
    },
    row: async (connection, rowId) => {
      const [row] = await world.sql`select * from ${world.sql(connection)}.tasks where row_id = ${rowId}`;
      return row ?? {};
    },
  };
}
