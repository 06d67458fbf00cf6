import type { FC } from 'hono/jsx';
import type { PlannedRow } from '../../sync/plan.js';
import { number } from '../../words/figures.js';
import { namedRow, short } from '../../words/values.js';
import { Act, Foreign, Title } from './bits.js';
import { Changes } from './changes.js';
import { MOST_ROWS, type Sight } from './sight.js';

const MOST_NEEDS = 20;
/** The APIs' words, which may be long. */
const MOST_LETTERS = 500;

/** What waits for a person, of all connections and of none. */
export const Needs: FC<{ sight: Sight }> = ({ sight: { report } }) => {
  const needs = [
    ...report.needs.map((need) => ({ of: null, need })),
    ...report.connections.flatMap(({ name, needs }) => needs.map((need) => ({ of: name, need }))),
  ];
  if (needs.length === 0)
    return (
      <>
        <Title of="needs">Waits for a person</Title>
        <p class="calm">Nothing.</p>
      </>
    );
  return (
    <>
      <Title of="needs" count={needs.length}>
        Waits for a person
      </Title>
      <ul class="needs">
        {needs.slice(0, MOST_NEEDS).map(({ of, need }) => (
          <li>
            {of === null ? null : (
              <strong>
                <Foreign>{short(of)}</Foreign>
              </strong>
            )}{' '}
            <Foreign>{short(need, MOST_LETTERS)}</Foreign>
          </li>
        ))}
      </ul>
      {needs.length > MOST_NEEDS ? (
        <p class="more">
          {number(needs.length - MOST_NEEDS)} more: <code>taskmirror status</code> shows all.
        </p>
      ) : null}
    </>
  );
};

/** Rows that an API refused, with its words. */
export const Failed: FC<{ sight: Sight; token: string }> = ({ sight, token }) => {
  const total = sight.report.connections.reduce((sum, { failed }) => sum + failed, 0);
  if (total === 0) return null;
  const rows = sight.plans.flatMap(({ connection, failed }) => failed.map((row) => ({ connection, row })));
  const shown = rows.slice(0, MOST_ROWS);
  return (
    <>
      <Title of="failed" count={total}>
        Could not be sent
      </Title>
      <ul class="rows">
        {shown.map(({ connection, row }) => (
          <FailedRow connection={connection.name} row={row} token={token} />
        ))}
      </ul>
      {total > shown.length ? (
        <p class="more">
          {number(total - shown.length)} more: <code>taskmirror plan</code> shows all.
        </p>
      ) : null}
      <p class="acts">
        {sight.report.connections
          .filter(({ failed }) => failed > 1)
          .slice(0, MOST_ROWS)
          .map(({ name, failed }) => (
            <Act action={{ action: 'retry-all', connection: name }} token={token}>
              Send all {number(failed)} of <Foreign>{short(name)}</Foreign> again
            </Act>
          ))}
      </p>
    </>
  );
};

const FailedRow: FC<{ connection: string; row: PlannedRow; token: string }> = ({
  connection,
  row,
  token,
}) => (
  <li id={`failed-${row.rowId}`}>
    <div class="head">
      <p>
        <strong>
          <Foreign>{short(connection)}</Foreign>
        </strong>{' '}
        <Foreign>{namedRow(row.rowId, row.id, row.name)}</Foreign>: {row.action}
      </p>
      <Act action={{ action: 'retry', row: row.rowId }} token={token} aside={`row ${row.rowId}`}>
        Send again
      </Act>
    </div>
    <blockquote>
      <Foreign>{short(row.error ?? 'The API refused it.', MOST_LETTERS)}</Foreign>
    </blockquote>
    <Changes row={row} />
  </li>
);
