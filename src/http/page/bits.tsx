import type { Child, FC } from 'hono/jsx';
import { ago, counted, number, span } from '../../words/figures.js';
import { at } from '../../words/values.js';
import type { Action } from './actions.js';

/** A section's heading, by which it is named. */
export const Title: FC<{ of: string; count?: number; children: Child }> = ({ of, count, children }) => (
  <h2 id={`${of}-title`}>
    {children}
    {count ? <span class="count"> {number(count)}</span> : null}
  </h2>
);

/** An instant, microseconds since 1970: by the clock, in UTC, with its day unless that is today, and how long ago. */
export const When: FC<{ micros: number | null; now: number }> = ({ micros, now }) => {
  if (micros === null) return <>never</>;
  const [day = '', time = ''] = at(micros).split('T');
  const today = at(now * 1_000).startsWith(day);
  return (
    <>
      <time datetime={at(micros)}>{`${today ? '' : `${day} `}${time.replace('Z', ' UTC')}`}</time>{' '}
      <Ago at={micros / 1_000} now={now} />
    </>
  );
};

/** `12 s ago`: both in milliseconds since 1970. The page's script goes on counting. */
export const Ago: FC<{ at: number; now: number }> = ({ at, now }) => (
  <span class="ago" data-at={Math.round(at)}>
    {ago(at, now)}
  </span>
);

/** `in 5 m`, or `due now`. */
export const Due: FC<{ at: number; now: number }> = ({ at, now }) => (
  <span class="ago" data-due={Math.round(at)}>
    {at > now ? `in ${span((at - now) / 1_000)}` : 'due now'}
  </span>
);

/** What may be in any direction of writing, and turns none but its own. */
export const Foreign: FC<{ children: Child }> = ({ children }) => <bdi>{children}</bdi>;

/** How many more there are than are shown, and what shows them. */
export const More: FC<{ shown: number; total: number; thing: string; where: string }> = ({
  shown,
  total,
  thing,
  where,
}) =>
  total > shown ? (
    <p class="more">
      {counted(total - shown, `more ${thing}`)}: <code>{where}</code> shows all.
    </p>
  ) : null;

/** A button that does something, in a form that works without the page's script. `aside` tells buttons of one name apart. */
export const Act: FC<{ action: Action; token: string; aside?: string; children: Child }> = ({
  action,
  token,
  aside,
  children,
}) => {
  const { action: verb, ...rest } = action;
  const named = Object.entries(rest);
  return (
    <form method="post" action="/" id={`form-${[verb, ...Object.values(rest)].join('-')}`}>
      <input type="hidden" name="token" value={token} />
      <input type="hidden" name="action" value={verb} />
      {named.map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit">
        {children}
        {aside === undefined ? null : <span class="aside"> {aside}</span>}
      </button>
    </form>
  );
};
