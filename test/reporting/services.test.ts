import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Desk, openDesk } from './desk.js';

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(() => desk.close());

test('the price list holds active services, taxes that are none as null', async () => {
  const painting = await desk.synced('freshbooks', { name: 'Painting', tax1: 7, tax2: 0, billable: false });
  await desk.synced('freshbooks', { name: 'Deleted', vis_state: 1 });
  await desk.synced('freshbooks', { name: 'Archived', vis_state: 2 });
  expect(await desk.view('service_catalog', 'name')).toEqual([
    {
      connection: 'freshbooks',
      row_id: Number(painting.row_id),
      id: painting['id'],
      name: 'Painting',
      description: '',
      rate: 50,
      currency: 'USD',
      billable: false,
      tax1: 7,
      tax2: null,
      updated: null,
      sync_state: 'synced',
    },
  ]);
});

test('services that share a name are found, case and blanks aside, and only among the active ones of one account', async () => {
  await desk.sql`insert into sync.connections (name, source, poll_every_ms, sweep_every_ms) values ('second', 'freshbooks', 1, 1)`;
  const rows = [];
  for (const name of ['Web design', ' web\tDesign ', 'Webdesign', 'Web-design'])
    rows.push(await desk.synced('freshbooks', { name }));
  await desk.synced('freshbooks', { name: 'Web design', vis_state: 1 });
  await desk.synced('freshbooks', { name: 'Web-design', connection: 'second' });
  const shared = rows.slice(0, 3);
  const [found, ...more] = await desk.view('service_duplicates', '1');
  expect(more).toEqual([]);
  expect(found).toMatchObject({ connection: 'freshbooks', folded_name: 'webdesign', services: 3 });
  const pairs = await desk.sql`
    select * from (select unnest(row_ids)::text as row_id, unnest(ids)::int as id from reporting.service_duplicates) p order by row_id::int`;
  expect(pairs.map((pair) => ({ ...pair }))).toEqual(shared.map(({ row_id, id }) => ({ row_id, id })));
});

test('each change of a rate is told with both rates, when it was and whose', async () => {
  const { row_id } = await desk.synced('freshbooks', { name: 'Painting' });
  await desk.sql`update freshbooks.tasks set rate_amount = 60 where row_id = ${row_id}`;
  await desk.sql`update freshbooks.tasks set name = 'Wall painting' where row_id = ${row_id}`;
  await desk.asWorker(
    (tx) => tx`update freshbooks.tasks set rate_amount = 45, rate_code = 'CAD' where row_id = ${row_id}`,
  );
  const [local, api, ...more] = await desk.view('service_rate_changes', 'changed_at');
  expect(more).toEqual([]);
  expect(local).toMatchObject({
    name: 'Painting',
    from_rate: 50,
    to_rate: 60,
    difference: 10,
    changed_by: 'local',
  });
  expect(local?.['changed_by_user']).toEqual(expect.any(String));
  expect(api).toMatchObject({
    name: 'Wall painting',
    from_rate: 60,
    from_currency: 'USD',
    to_rate: 45,
    to_currency: 'CAD',
    difference: null,
    changed_by: 'api',
    changed_by_user: null,
  });
});

test('both sources stand in one shape, deleted ones too', async () => {
  await desk.synced('freshbooks', { name: 'Painting', vis_state: 2 });
  await desk.task({ due: null, name: 'Call', vis_state: 1 });
  expect(await desk.view('tasks', 'source')).toMatchObject([
    {
      source: 'freshbooks',
      connection: 'freshbooks',
      name: 'Painting',
      active: false,
      vis_state: 2,
      created: null,
    },
    {
      source: 'invoiced',
      connection: 'invoiced',
      name: 'Call',
      active: false,
      vis_state: 1,
      sync_state: 'synced',
    },
  ]);
});
