import type { HttpConfig } from '../../config/config.js';
import { TaskmirrorError } from '../../errors.js';
import { isUnavailable } from '../../mirror/database.js';
import type { Parts } from '../parts.js';
import { type Action, act } from './actions.js';
import { readAssets } from './assets.js';
import { Document } from './document.js';
import { createFormToken } from './form-token.js';
import { createLive, type Live } from './live.js';
import { problemOf } from './problem.js';
import { renderSections } from './sections.js';
import { createLook } from './sight.js';

/** The status page, without its addresses. */
export interface Page {
  readonly assets: ReturnType<typeof readAssets>;
  readonly live: Live;
  /** The page as it is now, with what an action has just done where one has. */
  render(said?: string): Promise<Rendered>;
  /** Whether a form is one of this page's. */
  isOurs(formToken: string): boolean;
  /** Does what a form asks for. `said` is for the person. */
  act(action: Action): Promise<Acted>;
}

export interface Rendered {
  readonly html: string;
  /** Whether the mirror could be seen. */
  readonly sees: boolean;
}

export interface Acted {
  readonly outcome: 'done' | 'refused' | 'unavailable';
  readonly said: string;
}

export function createPage({ token: httpToken, bullBoard }: HttpConfig, parts: Parts): Page {
  const { runtime, log } = parts;
  const token = createFormToken(httpToken);
  const assets = readAssets();
  const look = createLook(parts);
  const live = createLive({
    runtime,
    read: async () => {
      const sight = await look();
      return { at: sight.at, sections: await renderSections(sight, token.value) };
    },
  });
  return {
    assets,
    live,
    isOurs: token.matches,
    render: async (said) => {
      const sight = await look();
      const sections = await renderSections(sight, token.value);
      const queues = bullBoard !== 'off';
      const document = (
        <Document at={sight.at} sections={sections} assets={assets} queues={queues} said={said ?? null} />
      );
      return { html: `<!doctype html>${await document.toString()}`, sees: !('problem' in sight) };
    },
    act: async (action) => {
      try {
        const said = await act(action, parts);
        log.info(action, 'Somebody acted on the status page.');
        return { outcome: 'done', said };
      } catch (error) {
        const known = error instanceof TaskmirrorError && !isUnavailable(error);
        return { outcome: known ? 'refused' : 'unavailable', said: problemOf(error, parts) };
      }
    },
  };
}
