import { afterEach, expect, test } from 'vitest';
import { crossOver } from '../../src/links/cross-over.js';
import { createChance } from '../../src/sandbox/chance.js';
import { connections, type World } from '../sync/world.js';
import { addRule, expectAtRest, openDesk, settle } from './desk.js';
import { dying } from './dying.js';

/**
 * People at both APIs and in the mirror, a rule that links and makes, lost answers and two workers, by a seed:
 * `LINKS_SEED=… npx vitest run test/links/storm.test.ts` plays a storm again.
 */
const first = Number(process.env['LINKS_SEED'] ?? 1);
const STEPS = 45;

let world: World;
afterEach(() => world.close());

test.each([
  [first, null],
  [first + 1, 'archived'],
] as const)(
  'a storm from seed %i, complete shared as %s, ends equal on all four sides',
  async (seed, complete) => {
    world = await openDesk({ sandbox: { seed }, context: { deleteLimit: 1 } });
    await addRule(world, 'S', {
      creates: 'both',
      invoiced_action: 'phone',
      invoiced_due_days: 3,
      complete,
      invoiced_where: "name like 'S%'",
      freshbooks_where: "name like 'S%'",
    });
    const random = createChance(seed).random;
    const below = (n: number) => Math.floor(random() * n);
    const { invoiced, freshbooks } = world.sandbox;
    const given = new Set<string>();
    let made = 0;
    const name = () => {
      const text = `S${seed} ${given.size}`;
      given.add(text);
      return text;
    };
    const some = <Each>(all: Iterable<Each>): Each | undefined => {
      const list = [...all];
      return list[below(list.length)];
    };
    const steps: (() => unknown)[] = [
      () => {
        made += 1;
        invoiced.people.create({ name: name() });
      },
      () => {
        made += 1;
        freshbooks.people.createTask({ name: name() });
      },
      () => {
        made += 1;
        return world.sql`insert into freshbooks.tasks (name) values (${name()})`;
      },
      () => {
        const task = some(invoiced.people.tasks());
        if (task) invoiced.people.edit(task.id, { name: name() });
      },
      () => {
        const task = some([...freshbooks.people.tasks()].filter((each) => each.vis_state === 0));
        if (task) freshbooks.people.editTask(task.id, { name: name() });
      },
      () =>
        world.sql`update invoiced.tasks set name = ${name()} where vis_state = 0 and row_id % 5 = ${below(5)} and row_id in (
        select row_id from invoiced.tasks order by md5(row_id::text || ${seed}) limit 1)`,
      () =>
        world.sql`update freshbooks.tasks set rate_amount = 5.25, rate_code = 'USD' where row_id in (
        select row_id from freshbooks.tasks where vis_state = 0 order by md5(row_id::text || ${seed + made}) limit 2)`,
      () => {
        const task = some(invoiced.people.tasks());
        if (task && complete) invoiced.people.complete(task.id);
      },
      () => {
        const task = some(freshbooks.people.tasks());
        if (task && complete && task.vis_state === 2) freshbooks.people.restoreTask(task.id);
      },
      () => {
        const task = some(invoiced.people.tasks());
        if (task && below(3) === 0) invoiced.people.remove(task.id);
      },
      () => {
        const task = some(freshbooks.people.tasks());
        if (task && below(3) === 0)
          freshbooks.people[task.vis_state === 1 ? 'restoreTask' : 'deleteTask'](task.id);
      },
      () => world.sql`delete from invoiced.tasks where row_id % 7 = ${below(7)} and ${below(4)} = 0`,
      () => crossOver({ db: dying(world.db, 1 + below(40)), log: world.context.log }).catch(() => {}),
      () =>
        world.sandbox.faults.add({
          api: below(2) === 0 ? 'invoiced' : 'freshbooks',
          // What a lost create has made, and people have changed since, would be for a person to say.
          route: 'tasks.update',
          fault: { kind: 'reset', when: below(2) === 0 ? 'after' : 'before' },
          times: 1,
        }),
      ...connections.flatMap((connection) => [() => world.poll(connection), () => world.push(connection)]),
      () => Promise.all([crossOver(world.context), crossOver(world.context)]),
      () => Promise.all(connections.flatMap((each) => [world.poll(each), world.push(each)])),
    ];
    for (let n = 0; n < STEPS; n += 1) await steps[below(steps.length)]?.();
    world.sandbox.faults.clear();
    await settle(world);

    const all = await world.sql`
      select l.state, l.invoiced_name, l.freshbooks_name, l.complete, l.invoiced_vis_state, l.freshbooks_vis_state
      from reporting.linked_tasks l where l.rule = 'S'`;
    const links = all.filter((link) => link['invoiced_vis_state'] !== 1);
    for (const link of all) {
      expect(link['state']).toBe('linked');
      expect(link['freshbooks_vis_state'] === 1).toBe(link['invoiced_vis_state'] === 1);
    }
    for (const link of links) {
      expect(link['freshbooks_name']).toBe(link['invoiced_name']);
      expect(given).toContain(link['invoiced_name']);
      if (complete) expect(link['freshbooks_vis_state']).toBe(link['complete'] ? 2 : 0);
    }
    // Each task has one other half, and no task has two. One that was done before it could be linked needs none.
    const [lone] = await world.sql`
      select
        (select count(*)::int from invoiced.tasks t where complete and vis_state = 0 and not exists (select from sync.links l where l.left_row_id = t.row_id)) as left,
        (select count(*)::int from freshbooks.tasks t where vis_state = 2 and not exists (select from sync.links l where l.right_row_id = t.row_id)) as right`;
    expect([...invoiced.people.tasks()]).toHaveLength(links.length + lone?.['left']);
    expect([...freshbooks.people.tasks()].filter((task) => task.vis_state !== 1)).toHaveLength(
      links.length + lone?.['right'],
    );
    expect(all.length + lone?.['left'] + lone?.['right']).toBeLessThanOrEqual(made);
    await expectAtRest(world);
  },
);
