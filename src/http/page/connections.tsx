import type { FC } from 'hono/jsx';
import type { RowCounts } from '../../mirror/row-counts.js';
import type { ConnectionStanding } from '../../mirror/status.js';
import { beginningOf, STATES, summaryOf } from '../../words/attention.js';
import { number } from '../../words/figures.js';
import type { Reported } from '../../words/report.js';
import { namedRow, short } from '../../words/values.js';
import { Act, Ago, Due, Foreign, More, Title, When } from './bits.js';
import { LagChart, ThroughputChart } from './charts.js';
import type { Sight } from './sight.js';

type Standing = Reported<ConnectionStanding>;

/** So many that a card for each would hide what matters. */
const MOST_CARDS = 8;
const MOST_LINES = 100;

/** How all connections stand, in a line. Its data are for who has the page in another tab, and for who hears it. */
export const Summary: FC<{ sight: Sight }> = ({ sight: { report, stopping } }) => {
  const { connections, needs } = report;
  const calls = connections.filter(({ state }) => state === 'needs_person').length + needs.length;
  const said = connections.length === 0 ? 'No connection' : summaryOf(connections);
  return (
    <p id="said-of-all" class={calls > 0 ? 'calls' : 'calm'} data-title={calls > 0 ? `(${calls}) ` : ''}>
      {said}
      {stopping ? '. This daemon stops.' : ''}
    </p>
  );
};

export const Connections: FC<{ sight: Sight; token: string }> = ({ sight, token }) => {
  const { connections } = sight.report;
  if (connections.length === 0) return null;
  if (connections.length <= MOST_CARDS) {
    return (
      <>
        <Title of="connections">Connections</Title>
        <div class="cards">
          {connections.map((connection) => (
            <Card connection={connection} sight={sight} token={token} />
          ))}
        </div>
      </>
    );
  }
  // Who needs a person first; the order stays by name otherwise.
  const shown = [...connections]
    .sort((a, b) => Number(b.state === 'needs_person') - Number(a.state === 'needs_person'))
    .slice(0, MOST_LINES);
  return (
    <>
      <Title of="connections" count={connections.length}>
        Connections
      </Title>
      <div class="wide">
        <table>
          <thead>
            <tr>
              {['connection', 'state', 'pulled', 'pending', 'failed', 'in conflict'].map((name) => (
                <th scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((each) => (
              <tr id={`line-${each.name}`}>
                <th scope="row">
                  <Foreign>{short(each.name)}</Foreign>
                </th>
                <td>
                  <State connection={each} />
                </td>
                <td>
                  {each.lastPullAt === null ? 'never' : <Ago at={each.lastPullAt / 1_000} now={sight.at} />}
                </td>
                <td class="number" data-label="pending">
                  {number(each.pending)}
                </td>
                <td class="number" data-label="failed">
                  {number(each.failed)}
                </td>
                <td class="number" data-label="in conflict">
                  {number(each.conflicts)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More shown={shown.length} total={connections.length} thing="connection" where="taskmirror status" />
    </>
  );
};

const State: FC<{ connection: Standing }> = ({ connection }) => (
  <span class={`state ${connection.state}`}>{STATES[connection.state]}</span>
);

const Card: FC<{ connection: Standing; sight: Sight; token: string }> = ({ connection, sight, token }) => {
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

const Line: FC<{ name: string; children: unknown }> = ({ name, children }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children as never}</dd>
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
