import type { World } from '../../sync/world.js';
import { type History, labelOf } from './history.js';
import { toldByApi } from './sides.js';
import { TOLD, UNTOLD, type Values } from './values.js';

/** Gives every task a name by which it stays known. */
export function labelAll({ sandbox }: World, connection: History['connection']): void {
  for (const { id } of [...sandbox[connection].people.tasks()])
    edit({ sandbox }, connection, id, 'name', `${labelOf('', String(id))}.seed`);
}

/** One thing that people do at an API. */
export function actAtApi(world: World, history: History, values: Values, random: () => number): void {
  const { connection } = history;
  const tasks = [...toldByApi(world, connection)];
  const [id, task] = tasks[Math.floor(random() * tasks.length)] ?? [];
  const chance = random();
  if (id === undefined || task === undefined || chance < 0.08) {
    create(world, history, values);
    return;
  }
  history.touched.add(id);
  if (chance < 0.2) {
    for (const field of TOLD[connection]) history.seen.add(task[field] ?? '');
    history.deleted.add(id);
    if (connection === 'invoiced') world.sandbox.invoiced.people.remove(Number(id));
    else world.sandbox.freshbooks.people.deleteTask(Number(id));
    return;
  }
  if (connection === 'freshbooks' && chance < 0.32) {
    const { people, options } = world.sandbox.freshbooks;
    if (chance < 0.28 || options.archive === 'refused') people.restoreTask(Number(id));
    else people.archiveTask(Number(id));
    return;
  }
  const fields = [...TOLD[connection], ...UNTOLD[connection]].filter(() => random() < 0.35);
  const moment = momentOf(world, history, id);
  for (const field of fields) {
    const token = values.next(field, task['name'] ?? '', id);
    if (TOLD[connection].includes(field)) {
      history.seen.add(task[field] ?? '');
      history.edits.push({ side: 'remote', task: id, field, token, ...moment });
    }
    edit(world, connection, Number(id), field, token);
  }
}

function create({ sandbox }: World, { connection, touched }: History, values: Values): void {
  const name = `${values.label('P')}.made`;
  const { id } =
    connection === 'invoiced'
      ? sandbox.invoiced.people.create({ name })
      : sandbox.freshbooks.people.createTask({ name });
  touched.add(String(id));
}

function edit(
  { sandbox }: Pick<World, 'sandbox'>,
  connection: History['connection'],
  id: number,
  field: string,
  token: string,
) {
  if (connection === 'freshbooks') {
    const value =
      field === 'rate'
        ? { amount: token, code: 'USD' }
        : field === 'billable'
          ? token === 'true'
          : field.startsWith('tax')
            ? Number(token)
            : token;
    sandbox.freshbooks.people.editTask(id, { [field]: value });
    return;
  }
  const value =
    field === 'complete' ? token === 'true' : /^(name|action)$/.test(field) ? token : Number(token);
  sandbox.invoiced.people.edit(id, { [field]: value });
}

/** Where in the log of requests an edit was made, so that afterwards it can be seen whether a write passed it by. */
function momentOf({ sandbox }: World, { connection }: History, id: string) {
  const mark = sandbox.log.mark();
  const overtaken = sandbox.log
    .entries({ api: connection, after: mark - 30 })
    .some(({ method, path, status }) => method !== 'GET' && status === null && path.endsWith(`/${id}`));
  return { mark, overtaken };
}
