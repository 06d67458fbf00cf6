import type { Child, FC } from 'hono/jsx';
import type { RowCounts } from '../../mirror/row-counts.js';
import type { ConnectionStanding } from '../../mirror/status.js';
import { beginningOf, STATES } from '../../words/attention.js';
import { number } from '../../words/figures.js';
import type { Reported } from '../../words/report.js';
import { namedRow, short } from '../../words/values.js';
import { Act, Due, Foreign, When } from './bits.js';
import { LagChart, ThroughputChart } from './charts.js';
import type { Sight } from './sight.js';

type Standing = Reported<ConnectionStanding>;

export const State: FC<{ connection: Standing }> = ({ connection }) => (
  <span class={`state ${connection.state}`}>{STATES[connection.state]}</span>
);

/** How one connection stands, and its last day. */
export const Card: FC<{ connection: Standing; sight: Sight; token: string }> = ({
  connection,
  sight,
  token,
}) => {
  const { name, source, paused } = connection;
  const beginning = paused ? null : beginningOf(connection);
  const { lastDay, rows, at } = sight;
  return (
    <article id={`card-${name}`} aria-labelledby={`name-${name}`} class={`card ${connection.state}`}>
      <header>
        <h3 id={`name-${name}`}>
          <Foreign>{short(name)}</Foreign>
          {name === source ? null : <span class="source"> {source}</span>}
        </h3>
        <State connection={connection} />
      </header>
      {beginning === null ? null : <p>{beginning}</p>}
      <dl>
        <Line name="pulled">
          <When micros={connection.lastPullAt} now={at} />
        </Line>
        <Line name="pushed">
          <When micros={connection.lastPushAt} now={at} />
        </Line>
        <Line name="rows">{rows === null ? 'being counted' : rowsInWords(rows.get(name))}</Line>
        <Line name="waiting">{waitingInWords(connection)}</Line>
        {connection.oldestPending === null ? null : (
          <Line name="oldest">
            <Foreign>
              {namedRow(connection.oldestPending.rowId, null, connection.oldestPending.name, 40)}
            </Foreign>
            , pending since <When micros={connection.oldestPending.since} now={at} />
          </Line>
        )}
        <Line name="next">
          {paused ? (
            'nothing while it is paused'
          ) : sight.report.queues === null ? (
            'not known now'
          ) : (
            <>
              poll <Next at={connection.nextPollAt} now={at} />, sweep{' '}
              <Next at={connection.nextSweepAt} now={at} />
            </>
          )}
        </Line>
      </dl>
      {lastDay === null ? null : (
        <div class="charts">
          <LagChart name={name} lastPullAt={connection.lastPullAt} day={lastDay} />
          <ThroughputChart name={name} day={lastDay} />
        </div>
      )}
      <Act action={{ action: paused ? 'resume' : 'pause', connection: name }} token={token} aside={name}>
        {paused ? 'Resume' : 'Pause'}
      </Act>
    </article>
  );
};

const Line: FC<{ name: string; children: Child }> = ({ name, children }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

const Next: FC<{ at: number | null; now: number }> = ({ at, now }) =>
  at === null ? <>not scheduled</> : <Due at={at} now={now} />;

function rowsInWords(rows: RowCounts | undefined): string {
  const { active, archived, deleted } = rows ?? { active: 0, archived: 0, deleted: 0 };
  return [
    `${number(active)} active`,
    ...(archived > 0 ? [`${number(archived)} archived`] : []),
    `${number(deleted)} deleted`,
  ].join(', ');
}

function waitingInWords({ pending, failed, conflicts, unreadable }: Standing): string {
  return `${number(pending)} pending, ${number(failed)} failed, ${number(conflicts)} in conflict, ${number(unreadable)} unreadable`;
}
