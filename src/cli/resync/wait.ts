import { followResync, type ResyncState } from '../../jobs/follow.js';
import type { Queues } from '../../jobs/queues.js';
import type { Requested } from '../../jobs/requests.js';
import type { Database } from '../../mirror/database.js';
import { findRequestedRun, type RunStatus } from '../../mirror/run-status.js';
import { printableLine } from '../../printable.js';
import type { Cli } from '../cli.js';
import { type LiveLines, liveLines } from '../live-lines.js';
import { endOf, isGood, progressOf } from './progress.js';

export interface Asked {
  readonly connection: string;
  readonly requested: Requested;
}

/** Shows how the requests get on until all have ended: bars on a terminal, lines elsewhere. True when all did well. */
export async function waitForAll(
  asked: readonly Asked[],
  { db, queues, cli }: { readonly db: Database; readonly queues: Queues; readonly cli: Cli },
): Promise<boolean> {
  const lines = liveLines(cli.output);
  const board = createBoard(asked, lines, cli);
  const waitFor = async ({ connection, requested }: Asked): Promise<boolean> => {
    let state: ResyncState = { state: 'vanished' };
    let run: RunStatus | null = null;
    for await (state of followResync(queues, requested, cli.signal)) {
      // The bar is worth no error: the queue tells the end.
      run = await findRequestedRun(db, requested.request.id).catch(() => run);
      board.show(connection, state, progressOf(state, run));
    }
    board.end(connection, endOf(state, run));
    return isGood(state, run);
  };
  const good = await Promise.all(asked.map(waitFor));
  lines.end();
  return good.every(Boolean);
}

/** In a log a line now and then is enough. */
const LINE_EVERY_MS = 5_000;

function createBoard(asked: readonly Asked[], lines: LiveLines, { output, runtime }: Cli) {
  const texts = new Map(asked.map(({ connection }) => [connection, '']));
  const width = Math.max(...asked.map(({ connection }) => connection.length));
  const said = new Map<string, { readonly state: string; readonly at: number }>();
  const line = (connection: string) => printableLine(`${connection.padEnd(width)}  ${texts.get(connection)}`);
  const draw = () => lines.draw(asked.map(({ connection }) => line(connection)));
  return {
    show: (connection: string, { state }: ResyncState, text: string): void => {
      texts.set(connection, text);
      draw();
      const last = said.get(connection);
      const due = last?.state !== state || runtime.now() >= last.at + LINE_EVERY_MS;
      if (output.isTTY || !due || !PENDING.has(state)) return;
      said.set(connection, { state, at: runtime.now() });
      lines.say(line(connection));
    },
    end: (connection: string, text: string): void => {
      texts.set(connection, text);
      draw();
      if (!output.isTTY) lines.say(line(connection));
    },
  };
}

const PENDING: ReadonlySet<string> = new Set(['waiting', 'running', 'unreachable']);
