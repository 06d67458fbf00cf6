import type { FC } from 'hono/jsx';
import type { ListedLink, ListedRow } from '../../mirror/list-links.js';
import { linkCure } from '../../words/links.js';
import { namedRow, short } from '../../words/values.js';
import { Foreign, More, Title, When } from './bits.js';
import type { Sight } from './sight.js';

const MOST_LETTERS = 500;
const MOST_CANDIDATES = 5;

/** Links that a person must say something about: those of several candidates, and those that could not follow. */
export const Links: FC<{ sight: Sight }> = ({ sight }) => {
  const { links, total } = sight.troubledLinks;
  if (total === 0) return null;
  return (
    <>
      <Title of="links" count={total}>
        Tasks kept as one, in trouble
      </Title>
      <ul class="rows">
        {links.map((link) => (
          <One link={link} now={sight.at} />
        ))}
      </ul>
      <More shown={links.length} total={total} thing="link" where="taskmirror links" />
    </>
  );
};

const One: FC<{ link: ListedLink; now: number }> = ({ link, now }) => {
  const { linkId, rule, state, error, linkedAt, invoiced, freshbooks, candidates } = link;
  const other = invoiced === null ? 'Invoiced' : 'FreshBooks';
  return (
    <li id={`link-${linkId}`}>
      <div class="head">
        <p>
          <strong>Link {linkId}</strong>
          {rule === null ? null : (
            <>
              {' '}
              of <Foreign>{short(rule)}</Foreign>
            </>
          )}
          : {state}, made <When micros={linkedAt} now={now} />
        </p>
      </div>
      <dl class="changes">
        <Side of="Invoiced" row={invoiced} />
        <Side of="FreshBooks" row={freshbooks} />
        {candidates.slice(0, MOST_CANDIDATES).map((row) => (
          <Side of={`${other}?`} row={row} />
        ))}
      </dl>
      <More
        shown={Math.min(candidates.length, MOST_CANDIDATES)}
        total={candidates.length}
        thing="candidate"
        where="taskmirror links"
      />
      {error === null ? null : (
        <blockquote>
          <Foreign>{short(error, MOST_LETTERS)}</Foreign>
        </blockquote>
      )}
      <p class="reason">
        {linkCure(link).map((part) => ('command' in part ? <code>{part.command}</code> : part.words))}
      </p>
    </li>
  );
};

const Side: FC<{ of: string; row: ListedRow | null }> = ({ of, row }) =>
  row === null ? null : (
    <div>
      <dt>{of}</dt>
      <dd>
        <Foreign>{namedRow(row.rowId, row.id, row.name)}</Foreign>
      </dd>
    </div>
  );
