import type { FC } from 'hono/jsx';
import { LOOKED_AT } from '../../mirror/run-status.js';
import { number, span } from '../../words/figures.js';
import { doneBy, outcomeOf } from '../../words/runs.js';
import { short } from '../../words/values.js';
import { Foreign, Title, When } from './bits.js';
import type { Sight } from './sight.js';

const MOST_LETTERS = 300;

/** The last runs that changed something or did not go well. */
export const Runs: FC<{ sight: Sight }> = ({ sight: { runs, at } }) => (
  <>
    <Title of="runs">Recent runs</Title>
    {runs.length === 0 ? <p class="calm">None has changed anything yet.</p> : null}
    {runs.length === 0 ? null : (
      <div class="wide">
        <table>
          <thead>
            <tr>
              {['begun', 'connection', 'kind', 'outcome', 'did', 'took'].map((name) => (
                <th scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <tr id={`ended-${run.runId}`}>
                <td>
                  <When micros={run.startedAt} now={at} />
                </td>
                <td>
                  <Foreign>{short(run.connection)}</Foreign>
                </td>
                <td>{run.kind}</td>
                <td>
                  <span class={`outcome ${outcomeOf(run)}`}>{outcomeOf(run)}</span>
                </td>
                <td>
                  {doneBy(run)}
                  {run.error === null ? null : (
                    <div class="reason">
                      <Foreign>{short(run.error, MOST_LETTERS)}</Foreign>
                    </div>
                  )}
                </td>
                <td class="number" data-label="took">
                  {run.finishedAt === null ? '' : took((run.finishedAt - run.startedAt) / 1_000)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )}
    <p class="more">
      Those that changed something or did not go well, among the last {number(LOOKED_AT)};{' '}
      <code>sync.runs</code> has all.
    </p>
  </>
);

/** `340 ms`, `1.2 s`, `5 m 3 s` */
function took(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 60_000 ? `${(milliseconds / 1_000).toFixed(1)} s` : span(milliseconds / 1_000);
}
