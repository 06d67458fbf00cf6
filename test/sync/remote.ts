import type { Connection, World } from './world.js';

/** What people do at one API, in words that both have. Names are unique there unless given twice. */
export interface Remote {
  create(name: string): number;
  rename(id: number, name: string): void;
  remove(id: number): void;
  /** Of tasks that are neither deleted nor archived, in order. */
  ids(): readonly number[];
}

export function remote({ sandbox }: World, connection: Connection): Remote {
  const { invoiced, freshbooks } = sandbox;
  if (connection === 'invoiced') {
    const { people } = invoiced;
    return {
      create: (name) => people.create({ name }).id,
      rename: (id, name) => void people.edit(id, { name }),
      remove: (id) => people.remove(id),
      ids: () => [...people.tasks()].map(({ id }) => id),
    };
  }
  const { people } = freshbooks;
  return {
    create: (name) => people.createTask({ name }).id,
    rename: (id, name) => void people.editTask(id, { name }),
    remove: (id) => void people.deleteTask(id),
    ids: () => [...people.tasks()].filter((task) => task.vis_state === 0).map(({ id }) => id),
  };
}

/** The task's row as a person reads it with SQL. Throws when there is none. */
export async function row({ sql }: World, connection: Connection, id: number) {
  const [found] = await sql`select *, xmin::text as version from ${sql(connection)}.tasks where id = ${id}`;
  if (found === undefined) throw new Error(`the mirror holds no task ${id} of ${connection}`);
  return found;
}

/** A task that the mirror and the API both have and that nobody changed lately. */
export function someId(world: World, connection: Connection, index = 0): number {
  const id = remote(world, connection).ids()[index];
  if (id === undefined) throw new Error(`${connection} has no task number ${index}`);
  return id;
}

/** Microseconds since 1970. */
export async function cursor({ sql }: World, connection: Connection): Promise<number | null> {
  const [found] = await sql`
    select (extract(epoch from cursor) * 1000000)::bigint as cursor from sync.cursors where connection = ${connection}`;
  return found === undefined ? null : Number(found['cursor']);
}

/** Every row's version: equal before and after when nothing was written. */
export async function versions({ sql }: World, connection: Connection): Promise<readonly unknown[]> {
  return sql`select row_id, xmin::text, ctid::text from ${sql(connection)}.tasks order by row_id`;
}
