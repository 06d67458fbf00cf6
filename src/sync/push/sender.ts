import type { Counts, Lease } from '../../mirror/runs.js';
import type { Source, SourceClient } from '../../sources/source.js';
import type { SyncContext } from '../context.js';
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
  count(more: Partial<Counts>): void;
}
