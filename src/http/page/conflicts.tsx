import type { FC } from 'hono/jsx';
import type { Conflict } from '../../mirror/conflicts.js';
import { fieldOf, loserOf, nameOf } from '../../words/conflicts.js';
import { namedRow, short, told } from '../../words/values.js';
import { Act, Foreign, More, Title, When } from './bits.js';
import type { Sight } from './sight.js';

const MOST_LETTERS = 160;
const ON_BUTTON = 24;

/** What was overruled, both values beside what there was before. */
export const Conflicts: FC<{ sight: Sight; token: string }> = ({ sight, token }) => {
  const { conflicts, total } = sight.conflicts;
  return (
    <>
      <Title of="conflicts" count={total}>
        Conflicts
      </Title>
      {total === 0 ? <p class="calm">Nothing was overruled that has not been restored.</p> : null}
      <ul class="rows">
        {conflicts.map((conflict) => (
          <One conflict={conflict} now={sight.at} token={token} />
        ))}
      </ul>
      <More shown={conflicts.length} total={total} thing="conflict" where="taskmirror conflicts" />
    </>
  );
};

const One: FC<{ conflict: Conflict; now: number; token: string }> = ({ conflict, now, token }) => {
  const { conflictId, connection, rowId, row, field, reason, createdAt } = conflict;
  const loser = told(fieldOf(conflict), conflict[loserOf(conflict)], ON_BUTTON);
  return (
    <li id={`conflict-${conflictId}`}>
      <div class="head">
        <p>
          <strong>
            <Foreign>{short(connection)}</Foreign>
          </strong>{' '}
          <Foreign>{namedRow(rowId, row?.id ?? null, nameOf(conflict))}</Foreign>
          {row === null ? ', which is gone' : ''}: <strong>{short(field)}</strong>,{' '}
          <When micros={createdAt} now={now} />
        </p>
        {row === null ? null : (
          <Act
            action={{ action: 'restore', conflict: conflictId }}
            token={token}
            aside={`of conflict ${conflictId}`}
          >
            Restore <Foreign>{loser}</Foreign>
          </Act>
        )}
      </div>
      <dl class="sides">
        <Side conflict={conflict} side="base" name="before" />
        <Side conflict={conflict} side="local" name="here, by SQL" />
        <Side conflict={conflict} side="remote" name="at the API" />
      </dl>
      <p class="reason">
        <Foreign>{short(reason, MOST_LETTERS)}</Foreign>
      </p>
    </li>
  );
};

const Side: FC<{ conflict: Conflict; side: 'base' | 'local' | 'remote'; name: string }> = ({
  conflict,
  side,
  name,
}) => {
  const fate = side === 'base' ? null : side === conflict.winner ? 'kept' : 'overruled';
  return (
    <div class={`side ${fate ?? 'base'}`}>
      <dt>
        {name}
        {fate === null ? null : <span class="fate"> {fate}</span>}
      </dt>
      <dd>
        <Foreign>{told(fieldOf(conflict), conflict[side], MOST_LETTERS)}</Foreign>
      </dd>
    </div>
  );
};
