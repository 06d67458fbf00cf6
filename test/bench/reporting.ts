import type postgres from 'postgres';
import { processorMs, say, versionOf, withBenchDatabase } from './database.js';
import { run as measureHistory } from './history.js';
import { type Figure, report, round, spread } from './report.js';
import { fillLargeMirror } from './reporting-rows.js';

const ROUNDS = 5;

/** Every view, and what is asked of those that hold all there ever was. */
const QUESTIONS: readonly (readonly [name: string, query: string])[] = [
  ['tasks, one', `select * from reporting.tasks where connection = 'invoiced' and id = 4711`],
  ['tasks, what waits', `select * from reporting.tasks where sync_state = 'pending'`],
  ['tasks, all counted', 'select source, active, count(*) from reporting.tasks group by source, active'],
  ['collection_workload', 'select * from reporting.collection_workload'],
  ['collection_overdue', 'select * from reporting.collection_overdue'],
  ['collection_overdue, of a user', 'select * from reporting.collection_overdue where user_id = 10'],
  ['collection_by_customer', 'select * from reporting.collection_by_customer'],
  ['service_catalog', 'select * from reporting.service_catalog'],
  ['service_duplicates', 'select * from reporting.service_duplicates'],
  ['service_rate_changes', 'select * from reporting.service_rate_changes'],
  [
    'service_rate_changes, of a day',
    `select * from reporting.service_rate_changes where changed_at >= now() - interval '1 day'`,
  ],
  ['sync_health', 'select * from reporting.sync_health'],
  ['sync_errors', 'select * from reporting.sync_errors'],
  ['sync_activity', 'select * from reporting.sync_activity'],
  [
    'history of a row',
    `select * from freshbooks.task_history where row_id = (select row_id from freshbooks.tasks where connection = 'freshbooks' and id = 50)`,
  ],
  [
    'price list of a day',
    `select name, rate_amount from freshbooks.task_history
     where vis_state = 0 and valid_from <= now() and (valid_to > now() or valid_to is null)`,
  ],
];

/** How long the views take on a large mirror, what they read for it, and what history costs whoever writes. */
export async function run(): Promise<void> {
  await withBenchDatabase('reporting', async (sql) => {
    say('filling');
    await fillLargeMirror(sql);
    await sql`set role taskmirror_reader`;
    const [{ pid } = { pid: 0 }] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    const figures: Figure[] = [];
    for (const [view, query] of QUESTIONS) figures.push({ view, ...(await answer(sql, pid, query)) });
    report('reporting', await versionOf(sql), figures, `median of ${ROUNDS} (least-most)`);
  });
  await measureHistory();
}

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Plan[];
}

async function answer(sql: postgres.Sql, pid: number, query: string): Promise<Figure> {
  const times: number[] = [];
  const used = processorMs(pid);
  let top: Plan | null = null;
  for (let turn = 0; turn < ROUNDS; turn++) {
    const [row] = await sql.unsafe<{ 'QUERY PLAN': readonly { Plan: Plan; 'Execution Time': number }[] }[]>(
      `explain (analyze, buffers, timing off, format json) ${query}`,
    );
    const [explained] = row?.['QUERY PLAN'] ?? [];
    if (explained === undefined) throw new Error(`no plan for ${query}`);
    times.push(explained['Execution Time']);
    top = explained.Plan;
  }
  const each = (processorMs(pid) - used) / ROUNDS;
  if (top === null) throw new Error(`no plan for ${query}`);
  const large = nodesOf(top).filter((node) => 'Relation Name' in node && read(node) > 100_000);
  const buffers = top['Shared Hit Blocks'] + top['Shared Read Blocks'];
  return {
    ms: spread(times),
    'processor ms': round(each),
    'buffers of 8 kB': buffers,
    rows: top['Actual Rows'],
    'read, over 100,000 rows': large
      .map((node) => `${node['Node Type']} of ${read(node)} in ${node['Relation Name']}`)
      .join('; '),
  };
}

const nodesOf = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
const read = (node: Plan): number =>
  (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
