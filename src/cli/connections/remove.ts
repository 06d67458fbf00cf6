import { environmentNames } from '../../daemon/accounts.js';
import { TaskmirrorError } from '../../errors.js';
import { findConnection } from '../../mirror/connections.js';
import { listLeftRows } from '../../mirror/list-connections.js';
import { type Held, type RemovalOptions, removeConnection } from '../../mirror/remove-connection.js';
import { sources } from '../../sources/index.js';
import { counted, number } from '../../words/figures.js';
import type { Mirror } from '../mirror.js';

/** Removes a connection, and gives what a person is told. Throws what must be done first. */
export async function remove(name: string, options: RemovalOptions, { db, config }: Mirror): Promise<string> {
  if (environmentNames(config).some((one) => one === name)) {
    const setting = name === 'invoiced' ? 'INVOICED_API_KEY' : 'FRESHBOOKS_ACCOUNT_ID';
    throw new TaskmirrorError(
      'configuration',
      `${name} comes from the environment, and would come back: unset ${setting}, restart the workers, and remove it then. To stop it for a while: taskmirror pause ${name}.`,
    );
  }
  const connection = await findConnection(db, name);
  const left = connection
    ? null
    : (await listLeftRows(db, Object.values(sources))).find((one) => one.name === name);
  const table = Object.values(sources).find((source) => source.name === (connection ?? left)?.source);
  if (table === undefined) throw unknown(name);
  if (left && !options.dropRows) {
    throw new TaskmirrorError(
      'usage',
      `${name} is removed already; its rows go with: taskmirror connections remove ${name} --drop-rows.`,
    );
  }
  const removal = await removeConnection(db, table, name, options);
  if (removal.state === 'unknown') throw unknown(name);
  if (removal.state === 'refused') throw refusal(name, removal.held);
  const { held, credentialDropped } = removal;
  return [
    `${name} is removed: nothing more is read or sent for it.`,
    options.dropRows
      ? `Its ${counted(held.rows, 'row')} and its history are gone.`
      : `Its ${counted(held.rows, 'row')} stay readable; to drop them: taskmirror connections remove ${name} --drop-rows.`,
    ...(held.pending + held.failed > 0 ? [abandoned(name, held, options)] : []),
    ...(credentialDropped
      ? ['Its stored secret is gone from here; at the API it stays valid until you revoke it there.']
      : []),
  ].join('\n');
}

function refusal(name: string, { pending, failed, unsettled }: Held): TaskmirrorError {
  const sent = unsettled > 0 ? `, of which ${counted(unsettled, 'call')} may have been done` : '';
  return new TaskmirrorError(
    'refused',
    `Nothing was removed: ${name} has ${counted(pending, 'local edit')} waiting to be sent, and ${number(failed)} that failed${sent}. Look with taskmirror plan --connection ${name} and let them be sent, or give them up with --abandon-edits.`,
  );
}

function abandoned(name: string, { pending, failed, unsettled }: Held, { dropRows }: RemovalOptions): string {
  const sent = unsettled > 0 ? ` (${counted(unsettled, 'call')} had been sent, and may have been done)` : '';
  return dropRows
    ? `${counted(pending + failed, 'local edit')} gone with them, which never reached the API${sent}.`
    : `${counted(pending + failed, 'local edit')} unsent in these rows${sent}: sent if ${name} is added again.`;
}

const unknown = (name: string): TaskmirrorError =>
  new TaskmirrorError('usage', `There is no connection ${name}: look with taskmirror connections.`);
