import type { FC } from 'hono/jsx';
import { summaryOf } from '../../words/attention.js';
import { number } from '../../words/figures.js';
import { short } from '../../words/values.js';
import { Ago, Foreign, More, Title } from './bits.js';
import { Card, State } from './card.js';
import type { Sight } from './sight.js';

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
