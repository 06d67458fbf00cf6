import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { addLink, removeLink, resolveLink } from '../../../../src/links/by-hand.js';
import type { SourceName } from '../../../../src/sources/source.js';
import { inJob } from '../jobs.js';
import { isLive, linksOf } from '../links.js';
import { rowsOf } from '../sides.js';
import type { ModelWorld } from '../world.js';
import { editEnd, end, makeAlike, rename, swapHere, taskAt, viewOf, viewsOf } from './both-ends.js';
import { type CommandKind, kind } from './kind.js';
import { refusable, removeRule, ruleGiven, saveRule } from './link-rules.js';
import { begin } from './work.js';

const target = fc.nat({ max: 11 });
const ruleName = fc.constantFrom('first', 'first', 'first', 'second');
const inSql = fc.boolean();

/** What people do with links, and to tasks that are linked. Nowhere but in histories with links. */
export const links: readonly CommandKind[] = [
  kind(
    'save a rule',
    0,
    fc.record({ name: ruleName, rule: ruleGiven, inSql }),
    (world, { name, rule, inSql }) => {
      world.begin(`rule ${name} is saved${inSql ? ' in SQL' : ''}: ${JSON.stringify(rule)}`, () =>
        saveRule(world, name, rule, inSql),
      );
    },
  ),
  kind('remove a rule', 0, fc.record({ name: ruleName, inSql }), (world, { name, inSql }) => {
    world.begin(`rule ${name} is removed`, () => removeRule(world, name, inSql));
  }),
  kind(
    'link two rows',
    0,
    fc.record({ left: target, right: target, rule: fc.option(ruleName), inSql }),
    async (world, { left, right, rule, inSql }) => {
      const pair = [await rowAt(world, 'invoiced', left), await rowAt(world, 'freshbooks', right)] as const;
      world.begin(`rows ${pair.join(' and ')} are linked by hand`, () =>
        refusable(async () => {
          if (inSql)
            await world.people.transaction((tx) =>
              tx.rows(sql`
                insert into sync.links (left_row_id, right_row_id, rule) values (${pair[0]}::bigint, ${pair[1]}::bigint, ${rule})`),
            );
          else await addLink(world.people, ...pair, rule);
        }),
      );
    },
  ),
  kind(
    'end a link',
    0,
    fc.record({ target, how: fc.constantFrom('remove' as const, 'DELETE' as const) }),
    async (world, { target, how }) => {
      const link = await someLink(world, target);
      if (link === null) return;
      world.begin(`link ${link.id} is ended: ${how}`, () =>
        refusable(async () => {
          if (how === 'remove') await removeLink(world.people, link.id);
          else
            await world.people.transaction((tx) =>
              tx.rows(sql`delete from sync.links where link_id = ${link.id}::bigint`),
            );
        }),
      );
    },
  ),
  kind(
    'resolve an ambiguous link',
    0,
    fc.record({ target, choice: fc.option(fc.nat({ max: 2 }), { freq: 4 }) }),
    async (world, { target, choice }) => {
      const all = await world.aside.rows<{ id: string; candidates: readonly string[] }>(sql`
        select link_id::text as id, candidates::text[] as candidates from sync.links where state = 'ambiguous' order by link_id`);
      const link = all[all.length === 0 ? 0 : target % all.length];
      if (link === undefined) return;
      const row = choice === null ? null : (link.candidates[choice % link.candidates.length] ?? null);
      world.begin(`ambiguous link ${link.id} is resolved: ${row}`, () =>
        refusable(() => resolveLink(world.people, link.id, row)),
      );
    },
  ),
  kind('an edit is heard of', 0, fc.constantFrom(0 as const, 1 as const), (world, place) => {
    const worker = world.workers[place];
    const killed = new Promise<'killed'>((resolve) => worker.onDeath(() => resolve('killed')));
    world.begin(`${worker.name} hears of an edit`, async () => {
      // As the daemon does: what concerns links first, then what waits to be sent.
      const job = { what: `${worker.name} crosses over`, braked: false };
      const crossing = inJob(job, () => worker.crossOver(new AbortController().signal));
      if ((await Promise.race([crossing, killed])) === 'killed') return 'killed';
      for (const each of viewsOf(world)) begin(each, worker, { kind: 'push' });
      return 'done';
    });
  }),
  kind(
    'edit both ends',
    0,
    fc.record({ target, invoiced: end, freshbooks: end }),
    async (world, { target, invoiced, freshbooks }) => {
      const link = await someLink(world, target);
      if (link === null) return;
      world.note(`both ends of link ${link.id} are edited`);
      await editEnd(viewOf(world, 'invoiced'), link.rows.invoiced, invoiced);
      await editEnd(viewOf(world, 'freshbooks'), link.rows.freshbooks, freshbooks);
    },
  ),
  kind(
    'rename there and back',
    0,
    fc.record({
      target,
      at: fc.constantFrom('invoiced' as const, 'freshbooks' as const),
      steps: fc.nat({ max: 60 }),
    }),
    async (world, { target, at, steps }) => {
      const view = viewOf(world, at);
      const [id, task] = taskAt(view, target);
      if (task === undefined) return;
      rename(view, id, view.values.next('name', task, id));
      await world.scheduler.run(steps, () => 0);
      rename(view, id, task['name'] ?? '');
    },
  ),
  kind(
    'swap names',
    0,
    fc.record({
      one: target,
      other: target,
      at: fc.constantFrom('invoiced' as const, 'freshbooks' as const),
      sql: inSql,
    }),
    async (world, { one, other, at, sql }) => {
      const view = viewOf(world, at);
      if (sql) {
        const rows = await rowsOf(view.aside, at);
        view.begin('in SQL names are swapped', () => swapHere(view, rows, one, other));
      } else {
        const [[a, first], [b, second]] = [taskAt(view, one), taskAt(view, other)];
        if (first === undefined || second === undefined || a === b) return;
        rename(view, a, second['name'] ?? '');
        rename(view, b, first['name'] ?? '');
      }
    },
  ),
  kind('make the same at both', 0, fc.constantFrom(1, 1, 1, 2), (world, count) => makeAlike(world, count)),
  kind(
    'one API is down',
    0,
    fc.record({
      at: fc.constantFrom('invoiced' as const, 'freshbooks' as const),
      times: fc.integer({ min: 3, max: 30 }),
    }),
    (world, { at, times }) => {
      world.note(`${at} is down for ${times} requests`);
      world.sandbox.faults.add({ api: at, route: '*', fault: { kind: 'status', status: 503 }, times });
    },
  ),
  kind(
    'an API cuts names',
    0,
    fc.record({
      at: fc.constantFrom('invoiced' as const, 'freshbooks' as const),
      route: fc.constantFrom('tasks.create', 'tasks.update', 'tasks.update'),
      times: fc.integer({ min: 1, max: 4 }),
    }),
    (world, { at, route, times }) => {
      world.note(`${at} cuts names at ${route}, ${times} times`);
      const fault = { kind: 'cut-text', keys: ['name'], length: 9 } as const;
      world.sandbox.faults.add({ api: at, route, fault, times });
    },
  ),
  kind(
    'crash at a step of links',
    0,
    fc.record({
      place: fc.constantFrom(0 as const, 1 as const),
      step: fc.constantFrom(
        'commit of links',
        'commit of links',
        'insert into freshbooks.tasks',
        'insert into invoiced.tasks',
        'insert into sync.links',
        'update freshbooks.tasks',
        'update invoiced.tasks',
        'POST',
      ),
      skip: fc.nat({ max: 1 }),
    }),
    (world, { place, step, skip }) => {
      const worker = world.workers[place];
      world.note(`${worker.name} will be killed after a step: ${step}, past ${skip}`);
      worker.doom = { step, skip };
    },
  ),
];

/** A row's id; one that is not there where the table is empty. */
async function rowAt({ aside }: ModelWorld, source: SourceName, target: number): Promise<string> {
  const rows = await rowsOf(aside, source);
  return String(rows[rows.length === 0 ? 0 : target % rows.length]?.['row_id'] ?? '0');
}

async function someLink(world: ModelWorld, target: number) {
  const live = (await linksOf(world.aside)).links.filter(isLive);
  return live[live.length === 0 ? 0 : target % live.length] ?? null;
}
