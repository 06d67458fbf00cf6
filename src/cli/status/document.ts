import type { RunStatus } from '../../mirror/run-status.js';
import type { ConnectionReport, Report } from '../../words/report.js';

/** The report as `status --json` prints it; the names are public. Times are ISO 8601 in UTC, to the millisecond. */
export function documentOf({ at, connections, queues, links, needs }: Report): object {
  return {
    at: time(at),
    connections: connections.map(connectionOf),
    queues:
      queues &&
      Object.fromEntries(
        queues.map(({ kind, workers, waiting, active, delayed, failed }) => [
          kind,
          { workers, waiting, active, delayed, failed },
        ]),
      ),
    links,
    needs,
  };
}

function connectionOf(connection: ConnectionReport): object {
  const { name, source, account, paused, problem, rows, pending, failed, conflicts, unreadable } = connection;
  const oldest = connection.oldestPending;
  return {
    name,
    source,
    account,
    state: connection.state,
    paused,
    pause_reason: connection.pauseReason,
    problem,
    last_pull_at: instant(connection.lastPullAt),
    last_push_at: instant(connection.lastPushAt),
    lag_seconds: connection.lagSeconds,
    rows,
    pending,
    oldest_pending: oldest && { row_id: oldest.rowId, name: oldest.name, since: instant(oldest.since) },
    failed,
    conflicts,
    unreadable,
    next_poll_at: connection.nextPollAt === null ? null : time(connection.nextPollAt),
    next_sweep_at: connection.nextSweepAt === null ? null : time(connection.nextSweepAt),
    runs: connection.runs.map(runOf),
    needs: connection.needs,
  };
}

function runOf({ runId, lease: _, startedAt, finishedAt, ...rest }: RunStatus): object {
  return { run_id: runId, started_at: instant(startedAt), finished_at: instant(finishedAt), ...rest };
}

const time = (milliseconds: number): string => new Date(milliseconds).toISOString();
const instant = (micros: number | null): string | null => (micros === null ? null : time(micros / 1_000));
