import type { Child, FC } from 'hono/jsx';
import type { Stretch } from '../../mirror/activity.js';
import { counted, number, span } from '../../words/figures.js';
import { lagsOf } from './lags.js';
import { type LastDay, STRETCHES } from './sight.js';

/** In units of the drawing: one for each stretch of time. */
const WIDTH = STRETCHES;
const HEIGHT = 32;

/** How far the mirror lagged behind, the most in each quarter of an hour. */
export const LagChart: FC<{ name: string; lastPullAt: number | null; day: LastDay }> = ({
  name,
  lastPullAt,
  day,
}) => {
  const lags = lagsOf(day, name, lastPullAt);
  const most = Math.max(0, ...lags.map((lag) => lag ?? 0));
  const scale = HEIGHT / Math.max(most, LEAST_LAG);
  const told = lags.every((lag) => lag === null) ? 'nothing was pulled' : `${span(most)} at most`;
  return (
    <figure class="chart">
      <figcaption>
        Lag
        <span class="told">{told}</span>
      </figcaption>
      <Drawing label={`Lag over the last 24 hours: ${told}`}>
        {lags.map((lag, index) =>
          lag === null ? null : <Bar x={index} from={HEIGHT} height={Math.max(0.6, lag * scale)} of="lag" />,
        )}
      </Drawing>
      <Axis />
    </figure>
  );
};

/** What came from the API, above the line, and what was sent to it, below. */
export const ThroughputChart: FC<{ name: string; day: LastDay }> = ({ name, day }) => {
  const mine = day.stretches.filter(({ connection }) => connection === name);
  const [pulled, pushed] = [sum(mine, 'pulled'), sum(mine, 'pushed')];
  const most = Math.max(1, ...mine.map((each) => Math.max(each.pulled, each.pushed)));
  const middle = HEIGHT / 2;
  // By its logarithm: beside a first read all other days would be flat.
  const heightOf = (count: number) => (Math.log1p(count) / Math.log1p(most)) * (middle - 1);
  return (
    <figure class="chart">
      <figcaption>
        Changes
        <span class="told">
          <span class="key pulled">{number(pulled)} from the API</span>,{' '}
          <span class="key pushed">{number(pushed)} sent</span>
        </span>
      </figcaption>
      <Drawing
        label={`Changes over the last 24 hours: ${counted(pulled, 'row')} from the API, ${number(pushed)} sent`}
      >
        <line x1="0" x2={WIDTH} y1={middle} y2={middle} class="middle" />
        {mine.map((each) => (
          <>
            <Bar x={each.stretch} from={middle} height={heightOf(each.pulled)} of="pulled" />
            <Bar x={each.stretch} from={middle} height={-heightOf(each.pushed)} of="pushed" />
          </>
        ))}
      </Drawing>
      <Axis />
    </figure>
  );
};

/** A minute fills the drawing, so that seconds don't look like trouble. */
const LEAST_LAG = 60;

const Drawing: FC<{ label: string; children: Child }> = ({ label, children }) => (
  <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
    {children}
  </svg>
);

/** Upwards from a height; downwards where its own is below zero. */
const Bar: FC<{ x: number; from: number; height: number; of: string }> = ({ x, from, height, of }) =>
  height === 0 ? null : (
    <rect
      x={x + 0.1}
      width="0.8"
      y={(height > 0 ? from - height : from).toFixed(2)}
      height={Math.abs(height).toFixed(2)}
      class={of}
    />
  );

const Axis: FC = () => (
  <p class="axis" aria-hidden="true">
    <span>24 h ago</span>
    <span>now</span>
  </p>
);

const sum = (stretches: readonly Stretch[], of: 'pulled' | 'pushed'): number =>
  stretches.reduce((total, each) => total + each[of], 0);
