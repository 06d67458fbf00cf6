import type { Plan, PlannedRow } from '../sync/plan.js';
import { counted } from './figures.js';

/** What the next push would do, in words. */

export const PUSH_OFF = 'PUSH is off: nothing of this is sent.';

/** `3 rows to send, 1 delete held up, 2 rows failed` */
export function planInWords({ rows, failed }: Pick<Plan, 'rows' | 'failed'>): string {
  const held = rows.filter((row) => row.held).length;
  const moving = rows.filter(({ action }) => action !== 'nothing').length - held;
  return [
    moving === 0 ? 'nothing to send' : `${counted(moving, 'row')} to send`,
    ...(held > 0 ? [`${counted(held, 'delete')} held up`] : []),
    ...(failed.length > 0 ? [`${counted(failed.length, 'row')} failed`] : []),
  ].join(', ');
}

export function actionInWords({ action, held }: PlannedRow): string {
  return action === 'nothing' ? 'nothing to send' : held ? `${action}, held up` : action;
}

/** Whether the row's first call makes a task, so that there is no value before. */
export const isMade = ({ calls }: PlannedRow): boolean => calls[0]?.method === 'POST';

/** What is known of an earlier call whose outcome is not. */
export function openInWords({ method, decision, adoptId }: NonNullable<PlannedRow['open']>): string {
  if (decision === 'adopt') return `task ${adoptId} is taken for what its create has made, as you decided`;
  if (decision === 'create') return 'it is created once more, as you decided';
  return method === 'POST'
    ? 'whether an earlier create arrived is not known: the API is looked at first, and nothing is made twice'
    : `whether an earlier ${method} arrived is not known: the API is looked at first`;
}
