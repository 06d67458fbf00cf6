import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openSession, type Session } from '../../src/cli/sql/session.js';
import { type Desk, openDesk } from './desk.js';

const dashboard = z
  .object({
    __inputs: z.array(z.object({ name: z.string(), pluginId: z.literal('grafana-postgresql-datasource') })),
    panels: z.array(
      z.object({
        id: z.number(),
        title: z.string(),
        datasource: z.object({ uid: z.string() }),
        targets: z
          .array(z.object({ format: z.enum(['table', 'time_series']), rawSql: z.string() }))
          .length(1),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync('docs/grafana-dashboard.json', 'utf8')));
const panels = dashboard.panels.flatMap(({ title, targets }) =>
  targets.map(({ format, rawSql }) => ({ title, format, rawSql })),
);

let desk: Desk;
let reader: Session;
beforeAll(async () => {
  desk = await openDesk();
  await desk.task({ due: 'today - 3 days' });
  const { row_id } = await desk.synced('freshbooks', { name: 'Painting' });
  await desk.synced('freshbooks', { name: 'painting', sync_state: 'failed', sync_error: 'no' });
  await desk.sql`update freshbooks.tasks set rate_amount = 60 where row_id = ${row_id}`;
  await desk.sql`insert into sync.runs (connection, kind, lease, finished_at, outcome) values ('invoiced', 'poll', 'poll', now(), 'ok')`;
  reader = await openSession(desk.url, 'taskmirror_reader');
});
afterAll(async () => {
  await reader?.close();
  await desk?.close();
});

test('every panel asks the data source that is chosen at the import, under an id of its own', () => {
  const [input] = dashboard.__inputs;
  for (const { datasource } of dashboard.panels) expect(datasource.uid).toBe(`\${${input?.name}}`);
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
});

test.each(panels)('$title', async ({ format, rawSql }) => {
  const [result] = await reader.run(rawSql);
  expect(result?.rows.length).toBeGreaterThan(0);
  // A time series is a time, a name and a value.
  if (format === 'time_series')
    expect(result?.columns.map(({ name }) => name)).toEqual(['time', 'metric', 'value']);
});
