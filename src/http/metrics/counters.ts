import { Counter, Histogram, type Registry } from 'prom-client';
import type { RequestEvent, Share } from '../../sources/index.js';
import type { SourceName } from '../../sources/source.js';
import type { RunEvent } from '../../sync/context.js';

/** What this process has done since it started: every process counts its own, and a monitor adds them up. */
export interface Counters {
  ran(run: RunEvent): void;
  asked(source: SourceName, share: Share, request: RequestEvent): void;
}

/** No label names an account: there may be a thousand, and each would be as many series as there are other labels. */
export function createCounters(registry: Registry): Counters {
  const registers = [registry];
  const runs = new Counter({
    name: 'taskmirror_runs_total',
    help: 'Runs that ended in this process, by kind and outcome as in sync.runs.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const rows = new Counter({
    name: 'taskmirror_rows_total',
    help: 'Rows of the runs that ended in this process, by what came of them: the columns of sync.runs.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const requests = new Counter({
    name: 'taskmirror_api_requests_total',
    help: 'Requests of this process to an API, by status; "none" where no answer came.',
    labelNames: ['source', 'route', 'method', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'taskmirror_api_request_duration_seconds',
    help: 'From the sending of a request to the end of its answer.',
    labelNames: ['source', 'route', 'method'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const waits = new Histogram({
    name: 'taskmirror_api_budget_wait_seconds',
    help: "How long a request stood in line for its share of the account's rate limit.",
    labelNames: ['source', 'share'],
    buckets: [0.01, 0.1, 0.5, 1, 5, 15, 60, 120],
    registers,
  });
  // A series that begins at 1 has no increase to be seen.
  for (const kind of KINDS) {
    for (const outcome of OUTCOMES) runs.inc({ kind, outcome }, 0);
    for (const outcome of ROWS) rows.inc({ kind, outcome }, 0);
  }

  return {
    ran: ({ kind, outcome, counts }) => {
      runs.inc({ kind, outcome });
      for (const name of ROWS) if (counts) rows.inc({ kind, outcome: name }, counts[name]);
    },
    asked: (source, share, { route, method, status, ms, waitedMs }) => {
      requests.inc({ source, route, method, status: labelOf(status) });
      durations.observe({ source, route, method }, ms / 1_000);
      waits.observe({ source, share }, waitedMs / 1_000);
    },
  };
}

/** A proxy may answer with any number. */
function labelOf(status: number | null): string {
  if (status === null) return 'none';
  return status >= 100 && status < 600 ? String(status) : 'other';
}

const KINDS = ['poll', 'read', 'sweep', 'resync', 'push', 'verify'] as const;
const OUTCOMES = ['ok', 'failed', 'stopped', 'interrupted'] as const;
const ROWS = ['inserted', 'updated', 'unchanged', 'deleted', 'pushed', 'failed', 'conflicts'] as const;
