import type { Counts } from '../../mirror/counts.js';
import type { Lease } from '../../mirror/leases.js';
import type { Source, SourceClient } from '../../sources/source.js';
import type { SyncContext } from '../context.js';
import type { Looks } from './look.js';
import type { Troubles } from './trouble.js';

/** What sending one connection's rows needs. */
export interface Sender {
  readonly context: SyncContext;
  readonly source: Source;
  readonly connection: string;
  readonly lease: Lease;
  readonly client: SourceClient;
  readonly signal: AbortSignal;
  readonly troubles: Troubles;
  readonly looks: Looks;
  count(more: Partial<Counts>): void;
  /** A row stays due: somebody holds it locked, or goes on editing it. */
  left(): void;
  /** Does what must not be done for two rows at once. */
  inTurn(work: () => Promise<void>): Promise<void>;
}

export function createTurns(): Sender['inTurn'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
}
