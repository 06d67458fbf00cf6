import type { LoggedRequest, Sandbox } from '../../../../src/sandbox/index.js';
import type { Job } from '../jobs.js';
import type { Ledger } from '../ledger.js';
import type { Wire } from '../wire.js';

/** Reads out of the API's own log what the workers asked it for, since nobody stands between them. */
export function createLogWire(sandbox: Sandbox, ledger: Ledger): Wire {
  let mark = 0;
  // Which of the daemons' jobs it was, nobody can tell here.
  const job: Job = { what: 'any', braked: false };
  const look = () => {
    for (const entry of sandbox.log.entries({ after: mark })) {
      mark = entry.seq;
      const [, task] = /\/tasks\/(\d+)$/.exec(entry.path) ?? [];
      if (task === undefined) continue;
      // One under way counts as done: what happens from now on came after it began.
      if (entry.method === 'GET') {
        if (entry.status === 200 || entry.status === null)
          ledger.read({ task, began: ledger.moment(), job, blind: false });
      } else for (const change of changesOf(entry, task)) ledger.write(change, job);
    }
  };
  return { watch: () => {}, passes: () => () => {}, hanging: () => 0, look, known: () => {} };
}

function changesOf({ method, keys, body }: LoggedRequest, task: string) {
  if (method === 'DELETE') return [{ task, field: 'vis_state', before: '0', after: null }];
  const [, state] = /"vis_state":(\d)/.exec(body) ?? [];
  return keys.map((field) => {
    return {
      task,
      field,
      before: 'something',
      after: field === 'vis_state' ? (state ?? null) : 'something else',
    };
  });
}
