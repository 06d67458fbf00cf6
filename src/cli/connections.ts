import { distance } from '../config/suspicious-names.js';
import { TaskmirrorError } from '../errors.js';
import { type Connection, listConnections } from '../mirror/connections.js';
import type { Executor } from '../mirror/database.js';

/** More names than that are no help in a line. */
const SHOWN = 10;

/** The connection of this name, or all where none is named. Throws where there is none, naming those that there are. */
export async function chooseConnections(
  db: Executor,
  wanted: string | undefined,
): Promise<readonly Connection[]> {
  const all = await listConnections(db);
  if (all.length === 0) {
    throw new TaskmirrorError(
      'configuration',
      'There is no connection yet: set INVOICED_API_KEY or FRESHBOOKS_ACCOUNT_ID, and run npm start.',
    );
  }
  if (wanted === undefined) return all;
  const chosen = all.filter(({ name }) => name === wanted);
  if (chosen.length > 0) return chosen;
  const names = all.map(({ name }) => name);
  const near = names.find((name) => distance(name, wanted) <= 2);
  const use = names.length > SHOWN ? 'taskmirror status lists them' : `use ${names.join(' or ')}`;
  const cure = near === undefined ? use : `did you mean ${near}? Otherwise ${use}`;
  throw new TaskmirrorError('usage', `There is no connection ${wanted}: ${cure}.`);
}
