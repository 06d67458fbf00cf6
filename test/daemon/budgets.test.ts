import { expect, test, vi } from 'vitest';
import { worldOn } from '../http/daemon.js';
import { until } from '../servers/index.js';
import { says, startWorker } from './worker-process.js';

// What FreshBooks allows in a minute is used up, and the next one waited for.
vi.setConfig({ testTimeout: 300_000 });
const LONGEST_MS = 150_000;
const sources = ['invoiced', 'freshbooks'] as const;
/** Of a poll, a walk and a push together. */
const BUDGET = { invoiced: 1 + 2 + 5, freshbooks: 2 + 4 + 5 };
/** The most of one of them. */
const SHARE = 5;
const FRESHBOOKS_A_MINUTE = 600;
/** Each is looked up and then sent: more than that. */
const EDITS = 350;

test('however many workers share an account, its requests in flight keep to its budget, and its rate limit is not passed', async () => {
  const { env, sql, sandbox } = await worldOn('redis', {
    latency: 100,
    logSize: 50_000,
    invoiced: { tasks: 2_000, options: { maxInFlight: BUDGET.invoiced } },
    freshbooks: { tasks: 2_000, options: { rateLimit: FRESHBOOKS_A_MINUTE } },
  });
  const start = () => startWorker({ env: { ...env, POLL_EVERY: '3s', SWEEP_EVERY: '3s' } });
  const workers = await Promise.all([start(), start(), start()]);
  await until('both are read', async () => (await sql`select from sync.cursors`).length === 2, LONGEST_MS);
  for (const source of sources) {
    await sql`
      update ${sql(`${source}.tasks`)} set name = 'Edited ' || id
      where row_id in (select row_id from ${sql(`${source}.tasks`)} order by row_id limit ${EDITS})`;
  }
  await until(
    'all edits are at the APIs',
    async () => {
      const waiting = await sql`
        select from invoiced.tasks where sync_state <> 'synced' union all
        select from freshbooks.tasks where sync_state <> 'synced'`;
      return waiting.length === 0;
    },
    LONGEST_MS,
  );

  for (const source of sources) {
    const edited = [...sandbox[source].people.tasks()].filter(({ id, name }) => name === `Edited ${id}`);
    expect(edited).toHaveLength(EDITS);
    expect(sandbox.log.peak(source)).toBeLessThanOrEqual(BUDGET[source]);
    // Work of several kinds was done at once, so that it could have been too much.
    expect(sandbox.log.peak(source)).toBeGreaterThan(SHARE);
  }
  const turnedAway = sandbox.log.entries().filter(({ status }) => status === 429);
  expect(turnedAway).toEqual([]);
  expect(sandbox.log.count({ api: 'freshbooks' })).toBeGreaterThan(FRESHBOOKS_A_MINUTE);
  for (const worker of workers) expect(says(worker, 'poll ok') || says(worker, 'sweep ok')).toBe(true);
});
