import { raw } from 'hono/html';
import type { FC } from 'hono/jsx';
import { version } from '../../version.js';
import { at } from '../../words/values.js';
import type { readAssets } from './assets.js';
import type { Sections } from './live.js';

export interface DocumentProps {
  readonly at: number;
  readonly sections: Sections;
  readonly assets: ReturnType<typeof readAssets>;
  /** Whether the queue is shown at `/queues`. */
  readonly queues: boolean;
  /** What an action has done, or why it has not. */
  readonly said: string | null;
}

/** The whole page. It reads the same without its script, which only keeps it up to date. */
export const Document: FC<DocumentProps> = ({ at: now, sections, assets, queues, said }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>taskmirror</title>
      <link rel="icon" href={assets.icon.address} />
      <link rel="stylesheet" href={assets.style.address} />
      <script type="module" src={assets.script.address} />
    </head>
    <body>
      <header class="page">
        <h1>taskmirror</h1>
        {/* Sections are HTML of our own making: see renderSections. */}
        <div id="summary">{raw(sections.get('summary') ?? '')}</div>
        <p id="as-of">
          As of{' '}
          <time id="clock">
            {at(now * 1_000)
              .replace('T', ' ')
              .replace('Z', ' UTC')}
          </time>
          <span id="live" data-state="off">
            , as it was loaded
          </span>
        </p>
      </header>
      <main>
        {[...sections]
          .filter(([id]) => id !== 'summary')
          .map(([id, html]) => (
            <section id={id} aria-labelledby={`${id}-title`} hidden={html === ''}>
              {raw(html)}
            </section>
          ))}
      </main>
      <div id="said" role="status" tabindex={-1}>
        {said === null ? null : <p>{said}</p>}
      </div>
      <p id="spoken" class="aside" role="status" />
      <footer class="page">
        <p>
          taskmirror {version}. Times are UTC. {queues ? <a href="/queues">Queue</a> : null}{' '}
          <a href="/metrics">Metrics</a> <a href="/readyz">Readiness</a>
        </p>
      </footer>
    </body>
  </html>
);
