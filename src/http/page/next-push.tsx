import type { FC } from 'hono/jsx';
import type { Plan, PlannedRow } from '../../sync/plan.js';
import { counted } from '../../words/figures.js';
import { actionInWords, openInWords, PUSH_OFF, planInWords } from '../../words/plan.js';
import { namedRow, short } from '../../words/values.js';
import { Foreign, More, Title, When } from './bits.js';
import { Changes } from './changes.js';
import type { Sight } from './sight.js';

const MOST_LETTERS = 300;

/** What the next push would send, as far as the mirror alone can tell. */
export const NextPush: FC<{ sight: Sight }> = ({ sight }) => {
  const pending = sight.report.connections.reduce((sum, each) => sum + each.pending, 0);
  return (
    <>
      <Title of="plan" count={pending}>
        Next push
      </Title>
      {sight.push ? null : <p class="calls">{PUSH_OFF}</p>}
      {pending === 0 ? <p class="calm">Nothing to send.</p> : null}
      {sight.plans
        .filter(({ rows, brake }) => rows.length > 0 || brake !== null)
        .map((plan) => (
          <OfConnection
            plan={plan}
            pending={sight.report.connections.find(({ name }) => name === plan.connection.name)?.pending ?? 0}
            now={sight.at}
          />
        ))}
    </>
  );
};

const OfConnection: FC<{ plan: Plan; pending: number; now: number }> = ({ plan, pending, now }) => {
  const { connection, rows, brake } = plan;
  const words =
    pending > rows.length ? `${counted(pending, 'row')} pending` : planInWords({ rows, failed: [] });
  return (
    <>
      <h3>
        <Foreign>{short(connection.name)}</Foreign>: {words}
      </h3>
      {brake === null ? null : <p class="calls">{short(brake, MOST_LETTERS)}</p>}
      {connection.paused ? <p>It is paused: nothing is sent until it is resumed.</p> : null}
      <ul class="rows">
        {rows.map((row) => (
          <Row row={row} now={now} />
        ))}
      </ul>
      <More shown={rows.length} total={pending} thing="row" where="taskmirror plan" />
    </>
  );
};

const Row: FC<{ row: PlannedRow; now: number }> = ({ row, now }) => (
  <li id={`planned-${row.rowId}`}>
    <p>
      <Foreign>{namedRow(row.rowId, row.id, row.name)}</Foreign>: {actionInWords(row)}
    </p>
    <Changes row={row} />
    {row.open === null ? null : <p class="reason">{openInWords(row.open)}</p>}
    {row.notBefore === null ? null : (
      <p class="reason">
        not before <When micros={row.notBefore} now={now} />
        {row.error === null ? null : (
          <>
            : <Foreign>{short(row.error, MOST_LETTERS)}</Foreign>
          </>
        )}
      </p>
    )}
  </li>
);
