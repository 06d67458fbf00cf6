import type { LeftRows, ListedConnection } from '../../mirror/list-connections.js';
import { counted } from '../../words/figures.js';
import { at } from '../../words/values.js';
import { formatTable } from '../table.js';

export function readable(connections: readonly ListedConnection[], left: readonly LeftRows[]): string {
  const table =
    connections.length === 0
      ? 'There is no connection yet: taskmirror connections add NAME --source invoiced|freshbooks, or set INVOICED_API_KEY or FRESHBOOKS_ACCOUNT_ID and start.'
      : formatTable(
          ['name', 'source', 'account', 'from', 'consent with', 'state'],
          connections.map((connection) => [
            connection.name,
            connection.source,
            connection.account,
            connection.origin,
            sharing(connection, connections).join(', '),
            stateOf(connection),
          ]),
        );
  const removed = left.map(({ name, source, rows, unsent }) => {
    const waiting = unsent > 0 ? `, ${unsent} with edits that are sent nowhere` : '';
    return `${name} (${source}) was removed; its ${counted(rows, 'row')} stay readable${waiting}.`;
  });
  return [table, ...removed].join('\n');
}

/** As `connections --json` prints them; the names are public. */
export function documentOf(connections: readonly ListedConnection[], left: readonly LeftRows[]): object {
  return {
    connections: connections.map((connection) => ({
      name: connection.name,
      source: connection.source,
      account: connection.account,
      base_url: connection.address,
      from: connection.origin,
      credential: connection.credential,
      shares_consent_with: sharing(connection, connections),
      state: stateOf(connection),
      paused_at: connection.pausedAt === null ? null : at(connection.pausedAt),
      pause_reason: connection.pauseReason,
      problem: connection.problem ?? connection.consentProblem,
      added_at: at(connection.addedAt),
    })),
    removed: left,
  };
}

function stateOf({ pausedAt, problem, consentProblem }: ListedConnection): string {
  if (consentProblem !== null) return pausedAt === null ? 'needs consent' : 'paused, needs consent';
  if (pausedAt !== null) return 'paused';
  return problem === null ? 'ok' : 'needs a person';
}

function sharing(
  { name, credential }: ListedConnection,
  all: readonly ListedConnection[],
): readonly string[] {
  return credential === null
    ? []
    : all
        .filter((other) => other.credential === credential && other.name !== name)
        .map((other) => other.name);
}
