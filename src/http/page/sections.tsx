import type { JSX } from 'hono/jsx/jsx-runtime';
import { Failed, Needs } from './attention.js';
import { Conflicts } from './conflicts.js';
import { Connections, Summary } from './connections.js';
import { Links } from './links.js';
import type { Sections } from './live.js';
import { NextPush } from './next-push.js';
import { Now } from './now.js';
import { Runs } from './runs.js';
import type { Blindness, Sight } from './sight.js';

/** The page's parts from top to bottom, what waits for a person first. */
const ALL: readonly (readonly [id: string, (sight: Sight, token: string) => JSX.Element])[] = [
  ['summary', (sight) => <Summary sight={sight} />],
  ['needs', (sight) => <Needs sight={sight} />],
  ['failed', (sight, token) => <Failed sight={sight} token={token} />],
  ['links', (sight) => <Links sight={sight} />],
  ['connections', (sight, token) => <Connections sight={sight} token={token} />],
  ['now', (sight) => <Now sight={sight} />],
  ['conflicts', (sight, token) => <Conflicts sight={sight} token={token} />],
  ['plan', (sight) => <NextPush sight={sight} />],
  ['runs', (sight) => <Runs sight={sight} />],
];

/** Each as HTML, in which every value is escaped; empty where there is nothing to show. */
export async function renderSections(sight: Sight | Blindness, token: string): Promise<Sections> {
  const rendered = new Map<string, string>();
  for (const [id, part] of ALL) {
    const html = await ('problem' in sight ? unseen(id, sight) : part(sight, token));
    rendered.set(id, html.toString());
  }
  return rendered;
}

const unseen = (id: string, { problem }: Blindness): JSX.Element | string =>
  id === 'summary' ? (
    <p class="calls" id="said-of-all" data-title="(!) ">
      {problem}
    </p>
  ) : (
    ''
  );
