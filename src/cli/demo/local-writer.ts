import { sql } from 'drizzle-orm';
import { type Conflict, listConflicts } from '../../mirror/conflicts.js';
import type { Executor } from '../../mirror/database.js';
import { asLocalWriter } from '../../mirror/local-writer.js';
import type { Runtime } from '../../runtime.js';
import { sources } from '../../sources/index.js';
import { restoreConflict } from '../../sync/restore.js';
import { fieldOf } from '../../words/conflicts.js';
import { told } from '../../words/values.js';
import type { Activity } from './activity.js';
import type { Demo } from './demo.js';
import { type Clash, type Statement, statements } from './statements.js';

/**
 * Somebody who changes the mirror with SQL, every ten seconds or so, past nothing that other local writers don't go through.
 * Every third time somebody at the API changes the same field just then; what was overruled is put back a little later.
 */
export async function writeLocally(
  { runtime, signal }: { readonly runtime: Runtime; readonly signal: AbortSignal },
  demo: Demo,
  activity: Activity,
): Promise<void> {
  const { next, clash } = statements(demo.sandbox);
  const pause = (ms: number) => runtime.sleep(ms, signal).catch(() => {});
  for (let turn = 0; !signal.aborted; turn += 1) {
    try {
      const clashing = turn % 3 === 1 ? clash() : null;
      if (clashing === null) await edit(demo, activity, next());
      else await clashAndRestore(demo, activity, clashing, pause, signal);
    } catch (error) {
      demo.log.error({ err: error }, 'Somebody who writes SQL into the mirror met a fault.');
    }
    await pause(8_000 + 4_000 * runtime.random());
  }
}

async function edit({ writer }: Demo, activity: Activity, statement: Statement | null): Promise<void> {
  const rowId = statement && (await asLocalWriter(writer, (tx) => run(tx, statement)));
  if (statement && rowId) activity.edited(statement.source, rowId, 'SQL', statement.text);
}

async function clashAndRestore(
  demo: Demo,
  activity: Activity,
  clash: Clash,
  pause: (ms: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { writer, sandbox } = demo;
  const rowId = await asLocalWriter(writer, async (tx) => {
    const rowId = await run(tx, clash);
    // Before the commit: no poll can bring it in between, since a locked row is left for later.
    if (rowId !== null) activity.did(clash.atApi());
    return rowId;
  });
  if (rowId === null) return;
  activity.edited(clash.source, rowId, 'SQL', clash.text);
  await sandbox.save();

  let conflict: Conflict | undefined;
  for (let waited = 0; !conflict && waited < LONGEST_WAIT_MS && !signal.aborted; waited += LOOK_MS) {
    await pause(LOOK_MS);
    conflict = await findOf(writer, clash, rowId);
  }
  if (!conflict || signal.aborted) return;
  const { conflictId, winner } = conflict;
  activity.overruled(rowId, `conflict ${conflictId}`, inWords(conflict));
  await pause(RESTORE_AFTER_MS);
  if (signal.aborted || winner === 'local') return;
  const command = `npx taskmirror conflicts restore ${conflictId} --demo`;
  await asLocalWriter(writer, (tx) => restoreConflict(tx, Object.values(sources), conflictId));
  activity.edited(clash.source, rowId, 'restored', command);
}

const LOOK_MS = 300;
const LONGEST_WAIT_MS = 20_000;
const RESTORE_AFTER_MS = 4_000;

/** Gives the row that was changed; null where the mirror does not have the task (any more). */
async function run(tx: Executor, { text }: Statement): Promise<string | null> {
  const [row] = await tx.rows<{ row_id: string }>(sql.raw(`${text} returning row_id::text`));
  return row?.row_id ?? null;
}

async function findOf(db: Executor, { source, field }: Clash, rowId: string): Promise<Conflict | undefined> {
  const { conflicts } = await listConflicts(db, Object.values(sources), {
    connection: source,
    restored: false,
    limit: 20,
  });
  return conflicts.find((each) => each.rowId === rowId && each.field === field);
}

/** `rate 161.00 USD (API) won over 171.00 USD (SQL)` */
function inWords(conflict: Conflict): string {
  const { field, local, remote, winner } = conflict;
  const values = {
    local: `${told(fieldOf(conflict), local)} (SQL)`,
    remote: `${told(fieldOf(conflict), remote)} (API)`,
  };
  return `${field} ${values[winner]} won over ${values[winner === 'local' ? 'remote' : 'local']}`;
}
