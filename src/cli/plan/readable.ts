import type { Plan, PlannedRow } from '../../sync/plan.js';
import { printable } from '../table.js';
import { at, namedRow, told } from '../values.js';
import { counted, wrap } from '../words.js';

/** The plan for a person: a block for each connection. */
export function readable(plans: readonly Plan[], { push }: { readonly push: boolean }): string {
  const off = push ? [] : [note('PUSH is off: nothing of this is sent.').join('\n')];
  return [...off, ...plans.map(blockOf)].join('\n\n');
}

const WIDTH = 80;

function blockOf({ connection, rows, failed, brake }: Plan): string {
  const { name, paused, problem } = connection;
  const held = rows.filter((row) => row.held).length;
  const moving = rows.filter(({ action }) => action !== 'nothing').length - held;
  const title = [
    moving === 0 ? 'nothing to send' : `${counted(moving, 'row')} to send`,
    ...(held > 0 ? [`${counted(held, 'delete')} held up`] : []),
    ...(failed.length > 0 ? [`${counted(failed.length, 'row')} failed`] : []),
  ].join(', ');
  return [
    `${name}: ${title}`,
    ...(paused ? note(`It is paused; to go on: taskmirror resume ${name}`) : []),
    ...(problem === null ? [] : note(problem)),
    ...(brake === null ? [] : note(brake)),
    ...rows.flatMap((row) => rowOf(row)),
    ...failed.flatMap((row) => rowOf(row, `failed: ${row.error ?? 'the API refused it'}`)),
  ].join('\n');
}

function rowOf(row: PlannedRow, failure: string | null = null): readonly string[] {
  const { action, fields, held, open, notBefore, error } = row;
  const what = action === 'nothing' ? 'nothing to send' : held ? `${action}, held up` : action;
  const waits = failure === null && notBefore !== null;
  return [
    `  ${namedRow(row.rowId, row.id, row.name)}: ${what}`,
    ...fields.map(({ field, old, new: now }) => {
      const value = told(field, now);
      return `    ${field.name}: ${row.calls[0]?.method === 'POST' ? value : `${told(field, old)} → ${value}`}`;
    }),
    ...(open === null ? [] : note(unknownOutcome(open), '    ')),
    ...(waits ? note(`not before ${at(notBefore)}${error === null ? '' : `: ${error}`}`, '    ') : []),
    ...(failure === null
      ? []
      : note(`${failure}. To send it again, edit it or run: taskmirror retry ${row.rowId}`, '    ')),
  ];
}

function unknownOutcome({ method, decision, adoptId }: NonNullable<PlannedRow['open']>): string {
  if (decision === 'adopt') return `task ${adoptId} is taken for what its create has made, as you decided`;
  if (decision === 'create') return 'it is created once more, as you decided';
  return method === 'POST'
    ? 'whether an earlier create arrived is not known: the API is looked at first, and nothing is made twice'
    : `whether an earlier ${method} arrived is not known: the API is looked at first`;
}

function note(text: string, indent = '  '): readonly string[] {
  return wrap(printable(text), WIDTH - indent.length - 2).map(
    (line, index) => `${indent}${index === 0 ? '! ' : '  '}${line}`,
  );
}
