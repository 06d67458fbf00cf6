import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import type { Executor } from '../../../../src/mirror/database.js';
import type { SourceName } from '../../../../src/sources/source.js';
import { type Row, rowsOf, type Told, toldByApi, toldByRow } from '../sides.js';
import type { ModelWorld } from '../world.js';
import { act, edit } from './at-api.js';
import { assigned, lockRow } from './in-sql.js';

/** What is done to one end of a link, and where. */
export const end = fc.record({
  at: fc.constantFrom('the API' as const, 'the API' as const, 'SQL' as const),
  what: fc.constantFrom(
    'name' as const,
    'name' as const,
    'name' as const,
    'done' as const,
    'deleted' as const,
  ),
});
type End = { readonly at: 'the API' | 'SQL'; readonly what: 'name' | 'done' | 'deleted' };

export const viewsOf = (world: ModelWorld): readonly ModelWorld[] =>
  world.other === null ? [world] : [world, world.other];

export function viewOf(world: ModelWorld, source: SourceName): ModelWorld {
  const view = viewsOf(world).find((each) => each.source === source);
  if (view === undefined) throw new Error(`${source} is not mirrored in this history`);
  return view;
}

/** So many tasks that bear one name at both APIs; where there are two, nobody can tell which belong together. */
export function makeAlike(world: ModelWorld, count: number): void {
  const name = `${world.values.label('P')}.alike`;
  for (let n = 0; n < count; n += 1)
    for (const view of viewsOf(world)) if (n === 0 || view === world) create(view, name);
}

function create(view: ModelWorld, name: string): void {
  act(view, 'is made', ({ sandbox, source }) => {
    if (source === 'invoiced') sandbox.invoiced.people.create({ name });
    else sandbox.freshbooks.people.createTask({ name });
  });
}

export function taskAt({ sandbox, source }: ModelWorld, target: number): readonly [string, Told | undefined] {
  const tasks = [...toldByApi(sandbox, source)].filter(([, task]) => task['vis_state'] !== '1');
  return tasks[tasks.length === 0 ? 0 : target % tasks.length] ?? ['', undefined];
}

/** At the API. */
export function rename(view: ModelWorld, id: string, name: string): void {
  act(view, `${id} is renamed ${name}`, ({ sandbox, source }) => {
    const there = toldByApi(sandbox, source).get(id);
    if (there !== undefined) edit(view, Number(id), { name });
  });
}

export async function editEnd(view: ModelWorld, row: string | null, { at, what }: End): Promise<void> {
  if (row === null) return;
  if (at === 'SQL') view.begin(`in SQL row ${row}: ${what}`, () => editHere(view, row, what));
  else editThere(view, row, what, await rowsOf(view.aside, view.source));
}

function editThere(view: ModelWorld, rowId: string, what: End['what'], rows: readonly Row[]): void {
  const { sandbox, source, values } = view;
  const id = String(rows.find((each) => String(each['row_id']) === rowId)?.['id'] ?? '');
  const task = toldByApi(sandbox, source).get(id);
  if (task === undefined) return;
  if (what === 'name') {
    rename(view, id, values.next('name', task, id));
    return;
  }
  const number = Number(id);
  const { invoiced, freshbooks } = sandbox;
  act(view, `${id}: ${what}`, () => {
    if (source === 'freshbooks') {
      if (what === 'deleted') freshbooks.people.deleteTask(number);
      else if (task['vis_state'] === '0' && freshbooks.options.archive !== 'refused')
        freshbooks.people.archiveTask(number);
      else freshbooks.people.restoreTask(number);
    } else if (what === 'deleted') invoiced.people.remove(number);
    else if (task['complete'] === 'true') invoiced.people.reopen(number);
    else invoiced.people.complete(number, Number(values.next('tax1', task, id)));
  });
}

async function editHere(view: ModelWorld, rowId: string, what: End['what']): Promise<string> {
  const { source } = view;
  return setHere(
    view,
    (tx) => lockRow(source, tx, rowId),
    (before, id) => {
      if (what === 'name') return { name: view.values.next('name', before, id) };
      if (what === 'deleted') return { vis_state: '1' };
      if (source === 'invoiced') return { complete: before['complete'] === 'true' ? 'false' : 'true' };
      return { vis_state: before['vis_state'] === '0' ? '2' : '0' };
    },
  );
}

async function setHere(
  view: ModelWorld,
  find: (tx: Executor) => ReturnType<typeof lockRow>,
  change: (before: Told, id: string) => Told,
): Promise<string> {
  const { source, people, ledger } = view;
  const record = await people.transaction(async (tx) => {
    const row = await find(tx);
    if (row === null) return null;
    const task = row['id'] === null ? `row ${row['row_id']}` : String(row['id']);
    const before = toldByRow(source, row);
    const changes = Object.fromEntries(
      Object.entries(change(before, task.replace('row ', ''))).filter(
        ([field, value]) => before[field] !== value,
      ),
    );
    if (Object.keys(changes).length === 0) return null;
    await tx.rows(sql`
      update ${sql.identifier(source)}.tasks set ${assigned(changes)} where row_id = ${String(row['row_id'])}::bigint`);
    return () => {
      view.note(`  row ${row['row_id']} (${task}): ${JSON.stringify(changes)}`);
      ledger.edit('local', task, before, changes);
    };
  });
  record?.();
  return record === null ? 'nothing' : 'done';
}

export async function swapHere(
  view: ModelWorld,
  all: readonly Row[],
  one: number,
  other: number,
): Promise<string> {
  const { source, people, ledger } = view;
  const rows = all.filter((row) => row['vis_state'] !== 1);
  const ids = [one, other].map((target) =>
    String(rows[rows.length === 0 ? 0 : target % rows.length]?.['row_id'] ?? ''),
  );
  const [a = '', b = ''] = [...new Set(ids)].sort();
  if (a === '' || b === '') return 'there are not two';
  const records = await people.transaction(async (tx) => {
    const [first, second] = [await lockRow(source, tx, a), await lockRow(source, tx, b)];
    if (first === null || second === null) return [];
    const swapped = [
      [first, second],
      [second, first],
    ] as const;
    const done: (() => void)[] = [];
    for (const [row, from] of swapped) {
      const before = toldByRow(source, row);
      const changes = { name: String(from['name']) };
      if (before['name'] === changes.name) continue;
      await tx.rows(sql`
        update ${sql.identifier(source)}.tasks set ${assigned(changes)} where row_id = ${String(row['row_id'])}::bigint`);
      const task = row['id'] === null ? `row ${row['row_id']}` : String(row['id']);
      done.push(() => ledger.edit('local', task, before, changes));
    }
    return done;
  });
  for (const record of records) record();
  return `rows ${a} and ${b}`;
}
