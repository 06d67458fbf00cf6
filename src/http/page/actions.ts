import { z } from 'zod';
import { TaskmirrorError } from '../../errors.js';
import { findConnection } from '../../mirror/connections.js';
import { asLocalWriter } from '../../mirror/local-writer.js';
import { changePause } from '../../mirror/pause.js';
import { sources } from '../../sources/index.js';
import { restoreConflict } from '../../sync/restore.js';
import { retryAllRows, retryRows } from '../../sync/retry.js';
import { pausedInWords, resumedInWords, retriedAllInWords, retriedInWords } from '../../words/actions.js';
import { restoredInWords } from '../../words/conflicts.js';
import type { Parts } from '../parts.js';

/** As PostgreSQL's bigint holds them. */
const id = z.string().regex(/^[1-9]\d{0,17}$/);
const connection = z.string().min(1).max(200);

/** What a form of the page asks for. */
export const actionShape = z.discriminatedUnion('action', [
  z.object({ action: z.literal('retry'), row: id }),
  z.object({ action: z.literal('retry-all'), connection }),
  z.object({ action: z.literal('restore'), conflict: id }),
  z.object({ action: z.literal('pause'), connection }),
  z.object({ action: z.literal('resume'), connection }),
]);
export type Action = z.infer<typeof actionShape>;

/** Does what the command line's verb of that name does, and tells it in the same words. Throws TaskmirrorError where it is refused. */
export async function act(action: Action, { pageDb: db }: Parts): Promise<string> {
  const everySource = Object.values(sources);
  switch (action.action) {
    case 'retry': {
      const rows = await asLocalWriter(db, (tx) => retryRows(tx, everySource, [action.row]));
      return rows.map(retriedInWords).join(' ');
    }
    case 'retry-all':
      return retriedAllInWords(
        await asLocalWriter(db, (tx) => retryAllRows(tx, everySource, action.connection)),
      );
    case 'restore':
      return restoredInWords(
        await asLocalWriter(db, (tx) => restoreConflict(tx, everySource, action.conflict)),
      );
    case 'pause':
    case 'resume': {
      const { connection: name } = action;
      if ((await findConnection(db, name)) === null)
        throw new TaskmirrorError('usage', `There is no connection ${name} any more.`);
      const change = await changePause(db, name, action.action === 'pause');
      return action.action === 'pause' ? pausedInWords(name, change) : resumedInWords(name, change);
    }
  }
}
