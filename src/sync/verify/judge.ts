import { findById, type MirrorRow } from '../../mirror/tasks.js';
import type { Unreadable } from '../../mirror/unreadable.js';
import { findPull, findRetired } from '../../mirror/verify.js';
import { undecidedCreates } from '../../mirror/writes.js';
import { ApiError } from '../../sources/index.js';
import type { RemoteTask, SingleAnswer, Source, SourceClient } from '../../sources/source.js';
import type { SyncContext } from '../context.js';
import { fits } from '../push/matches.js';
import { columnsIn, skewOf } from '../reconcile.js';
import { compareRow } from './compare.js';
import type { Difference } from './report.js';

/** What came of looking at one task again. */
export type Judgement =
  | { readonly is: 'equal' | 'pending' | 'failed' }
  | { readonly is: 'different'; readonly difference: Difference }
  | { readonly is: 'unknown'; readonly task: Unreadable };

export interface Bench {
  readonly context: SyncContext;
  readonly source: Source;
  readonly connection: string;
  readonly client: SourceClient;
  /** When the verification began, microseconds since 1970 by the database's clock. */
  readonly startedAt: number;
  /** Ids that are reported as unreadable. */
  readonly unreadable: ReadonlySet<string>;
}

/** A worker may write the same row again and again; not for ever. */
const ROUNDS = 4;

/** Reads a task singly, and compares it with the row as it then is. A row that was written meanwhile is compared anew. */
export async function judge(bench: Bench, id: number, signal: AbortSignal): Promise<Judgement> {
  const { context, source, connection, client } = bench;
  const look = async () => (await findById(context.db, source, connection, [id])).get(id) ?? null;
  let before = await look();
  for (let round = 1; ; round++) {
    let answer: SingleAnswer;
    try {
      answer = await client.read(id, signal);
    } catch (error) {
      if (!(error instanceof ApiError) || !ABOUT_THIS_ID.has(error.kind)) throw error;
      return { is: 'unknown', task: { id: String(id), reason: error.message } };
    }
    const row = await look();
    if (row?.version === before?.version || round === ROUNDS) return judgeAnswer(bench, id, row, answer);
    before = row;
  }
}

const ABOUT_THIS_ID = new Set(['not-found', 'invalid', 'conflict', 'unreadable']);

async function judgeAnswer(
  bench: Bench,
  id: number,
  row: MirrorRow | null,
  seen: SingleAnswer,
): Promise<Judgement> {
  const { answer } = seen;
  if (answer === 'gone') return judgeGone(row);
  if (!answer.ok) return { is: 'unknown', task: { id: String(id), reason: answer.reason } };
  const { task } = answer;
  const fresh = changedAt(bench, task) >= Math.floor(bench.startedAt / 1e6 + skewOf(seen));
  if (row === null) {
    if (fresh) return { is: 'equal' };
    if (await isAccountedFor(bench, task)) return { is: 'pending' };
    if (bench.unreadable.has(String(id)))
      return { is: 'unknown', task: { id: String(id), reason: "the mirror can't hold it" } };
    return { is: 'different', difference: { ...(await told(null)), kind: 'missing', fields: [] } };
  }
  const fields = compareRow(bench.source, row, task);
  if (fields.length === 0) return { is: 'equal' };
  if (fields.every(({ why }) => why !== 'different'))
    return { is: fields.some(({ why }) => why === 'failed') ? 'failed' : 'pending' };
  // Somebody changed it since we began: the next pull brings it.
  if (fresh) return { is: 'equal' };
  return { is: 'different', difference: { ...(await told(row)), kind: 'differs', fields } };

  async function told(held: MirrorRow | null) {
    const { lastPullAt } = await findPull(bench.context.db, bench.connection);
    const name = typeof task.columns['name'] === 'string' ? task.columns['name'] : null;
    const behind = changedAt(bench, task) >= Math.floor(lastPullAt / 1e6 + skewOf(seen));
    return { rowId: held?.rowId ?? null, id: task.id, name, behind };
  }
}

function judgeGone(row: MirrorRow | null): Judgement {
  const held = row?.raw ?? null;
  if (row === null || held === null || held['vis_state'] === 1) return { is: 'equal' };
  // Deleted here too, and not sent yet, or our own delete was just done.
  if (row.syncState !== 'synced' && row.columns['vis_state'] === 1) return { is: 'pending' };
  const { rowId, id, columns } = row;
  const name = typeof columns['name'] === 'string' ? columns['name'] : null;
  return {
    is: 'different',
    difference: { kind: 'deleted', rowId, id, name, fields: [], behind: true },
  };
}

/** A task that the mirror lacks for a reason: an id that was given up, or just what a create sent whose outcome isn't known yet. */
async function isAccountedFor(
  { context, source, connection }: Bench,
  { id, columns }: RemoteTask,
): Promise<boolean> {
  if ((await findRetired(context.db, connection, [id])).size > 0) return true;
  const open = await undecidedCreates(context.db, source, connection);
  return open.some(({ sent }) => fits(source, columnsIn(source, sent), columns) !== 'not');
}

/** When the API last changed it, in seconds since 1970; 0 where it does not say. */
function changedAt({ source }: Pick<Bench, 'source'>, { columns }: RemoteTask): number {
  const at = columns[source.updatedColumn];
  return typeof at === 'number' ? at : 0;
}
