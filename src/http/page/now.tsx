import type { FC } from 'hono/jsx';
import { counted, number } from '../../words/figures.js';
import { linksInWords } from '../../words/links.js';
import { doneBy, outcomeOf } from '../../words/runs.js';
import { short } from '../../words/values.js';
import { Ago, Foreign, Title } from './bits.js';
import type { Sight } from './sight.js';

const MOST = 20;

/** Runs under way, how far they are, and what the queue has. */
export const Now: FC<{ sight: Sight }> = ({ sight }) => {
  const { connections, queues, links } = sight.report;
  const runs = connections.flatMap(({ name, runs }) =>
    runs.filter(({ outcome }) => outcome === null).map((run) => ({ name, run })),
  );
  const waiting = queues?.reduce((sum, each) => sum + each.waiting, 0) ?? 0;
  return (
    <>
      <Title of="now">Right now</Title>
      {runs.length === 0 ? <p class="calm">No run is under way.</p> : null}
      <ul class="under-way">
        {runs.slice(0, MOST).map(({ name, run }) => (
          <li id={`run-${run.runId}`}>
            <p>
              <strong>
                <Foreign>{short(name)}</Foreign>
              </strong>{' '}
              {run.kind}, {outcomeOf(run)}: {doneBy(run)}
              {run.total === null ? null : ` of ${number(run.total)}`}, begun{' '}
              <Ago at={run.startedAt / 1_000} now={sight.at} />
            </p>
            {run.total === null || run.total === 0 ? null : (
              <progress
                max={run.total}
                value={Math.min(run.fetched, run.total)}
                aria-label={`${run.kind} of ${short(name)}`}
              />
            )}
          </li>
        ))}
      </ul>
      {runs.length > MOST ? <p class="more">{number(runs.length - MOST)} more runs.</p> : null}
      {waiting > 0 ? <p>{counted(waiting, 'job')} in the queue wait for a worker.</p> : null}
      {links === null ? null : <p>Tasks kept as one: {linksInWords(links)}.</p>}
    </>
  );
};
