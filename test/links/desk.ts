import { expect } from 'vitest';
import type { LinkRule } from '../../src/mirror/link-rules.js';
import { expectEqual } from '../sync/equality.js';
import { connections, openWorld, type World, type WorldOptions } from '../sync/world.js';

/** A world with people on both sides, of which the first reads are over. */
export async function openDesk(options: WorldOptions = {}): Promise<World> {
  const world = await openWorld(options);
  for (const connection of connections) await world.walk(connection);
  return world;
}

export type Rule = Readonly<Record<string, string | number | boolean | null>>;

export const MAKES_BOTH: Rule = { creates: 'both', invoiced_action: 'phone', invoiced_due_days: 7 };

/** A rule by SQL, as its table has it, for tasks whose names begin so on both sides. */
export async function addRule({ sql }: World, name: string, rule: Rule = {}): Promise<void> {
  const where = `name ilike '${name}%'`;
  await sql`insert into sync.link_rules ${sql({ name, invoiced_where: where, freshbooks_where: where, ...rule })}`;
}

/** Polls and pushes both sides until nothing changes any more. Gives how many rounds it took. */
export async function settle(world: Pick<World, 'poll' | 'push' | 'sql' | 'context'>): Promise<number> {
  const state = async () => JSON.stringify([await rows(world), await linksOf(world)]);
  let before = await state();
  for (let round = 1; round <= 30; round += 1) {
    for (const connection of connections) {
      await world.poll(connection);
      const result = await world.push(connection);
      if (result.state === 'later') await world.context.runtime.sleep(Math.min(result.afterMs, 300) + 1);
    }
    const now = await state();
    if (now === before && !now.includes('"pending"')) return round;
    before = now;
  }
  throw new Error(`it does not come to rest: ${JSON.stringify(await linksOf(world))}`);
}

async function rows({ sql }: Pick<World, 'sql'>): Promise<readonly unknown[]> {
  return sql`
    select row_id, xmin::text, sync_state from invoiced.tasks union all select row_id, xmin::text, sync_state from freshbooks.tasks
    union all select link_id, xmin::text, state from sync.links order by 1, 2`;
}

export interface LinkNow {
  readonly link_id: string;
  readonly state: string;
  readonly error: string | null;
  readonly left: string | null;
  readonly right: string | null;
  readonly candidates: readonly string[] | null;
}

/** The links of a rule, or all, with the names of their rows. */
export function linksOf({ sql }: Pick<World, 'sql'>, rule: string | null = null) {
  return sql<LinkNow[]>`
    select l.link_id, l.state, l.error, a.name as left, b.name as right, l.candidates::text[] as candidates,
      l.left_row_id, l.right_row_id
    from sync.links l left join invoiced.tasks a on a.row_id = l.left_row_id left join freshbooks.tasks b on b.row_id = l.right_row_id
    where ${rule}::text is null or l.rule = ${rule} order by l.link_id`;
}

/** The names of a side's tasks that begin so, in order, as its API has them; those that are neither deleted nor done. */
export function namesAt(
  { sandbox }: World,
  side: 'invoiced' | 'freshbooks',
  prefix: string,
): readonly string[] {
  const names =
    side === 'invoiced'
      ? [...sandbox.invoiced.people.tasks()].map(({ name }) => name)
      : [...sandbox.freshbooks.people.tasks()].filter((task) => task.vis_state === 0).map(({ name }) => name);
  return names
    .map(String)
    .filter((name) => name.toLowerCase().startsWith(prefix.toLowerCase()))
    .sort();
}

/** Both APIs and both tables of rows hold the same, and a look more changes nothing and asks for lists alone. */
export async function expectAtRest(world: World): Promise<void> {
  for (const connection of connections) await expectEqual(world, connection, { linked: true });
  const calls = await count(world);
  expect(await settle(world)).toBe(1);
  expect(await count(world)).toBe(calls);
}

async function count({ sql }: World): Promise<number> {
  const [{ n } = { n: 0 }] = await sql`select count(*)::int as n from sync.writes`;
  return Number(n);
}

/** A rule as the program has it, that takes up everything and makes nothing. */
export const ruleNamed = (name: string): LinkRule => ({
  name,
  invoicedConnection: 'invoiced',
  freshbooksConnection: 'freshbooks',
  invoicedWhere: 'true',
  freshbooksWhere: 'true',
  match: 'name',
  creates: 'none',
  invoicedAction: null,
  invoicedCustomerId: null,
  invoicedUserId: null,
  invoicedDueDays: null,
  freshbooksRateAmount: null,
  freshbooksRateCode: null,
  freshbooksBillable: true,
  shareName: true,
  complete: null,
  onDelete: 'delete',
  winner: 'newest',
});

/** The id at its API of the one task of this name. */
export function idNamed({ sandbox }: World, side: 'invoiced' | 'freshbooks', name: string): number {
  const tasks = side === 'invoiced' ? sandbox.invoiced.people.tasks() : sandbox.freshbooks.people.tasks();
  const ids = [...tasks].flatMap((task) => (task.name === name ? [task.id] : []));
  if (ids.length !== 1) throw new Error(`${side} has ${ids.length} tasks named ${name}`);
  return ids[0] ?? 0;
}

/** Polls both sides before anything may cross over. */
export async function pollBoth(world: World): Promise<void> {
  const still = world.as({ push: { ...world.context.push, enabled: false } });
  for (const connection of connections) await still.poll(connection);
}

/** Without its rule a link is nobody's, and the next test has the tables to itself. */
export async function dropRules({ sql }: World): Promise<void> {
  await sql`delete from sync.link_rules`;
  await sql`delete from sync.links`;
}
