import { printableLine } from '../../printable.js';
import type { Plan, PlannedRow } from '../../sync/plan.js';
import { wrap } from '../../words/figures.js';
import { actionInWords, isMade, openInWords, PUSH_OFF, planInWords } from '../../words/plan.js';
import { at, namedRow, told } from '../../words/values.js';

/** The plan for a person: a block for each connection. */
export function readable(plans: readonly Plan[], { push }: { readonly push: boolean }): string {
  const off = push ? [] : [note(PUSH_OFF).join('\n')];
  return [...off, ...plans.map(blockOf)].join('\n\n');
}

const WIDTH = 80;

function blockOf({ connection, rows, failed, brake }: Plan): string {
  const { name, paused, problem } = connection;
  return [
    `${name}: ${planInWords({ rows, failed })}`,
    ...(paused ? note(`It is paused; to go on: taskmirror resume ${name}`) : []),
    ...(problem === null ? [] : note(problem)),
    ...(brake === null ? [] : note(brake)),
    ...rows.flatMap((row) => rowOf(row)),
    ...failed.flatMap((row) => rowOf(row, `failed: ${row.error ?? 'the API refused it'}`)),
  ].join('\n');
}

function rowOf(row: PlannedRow, failure: string | null = null): readonly string[] {
  const { fields, open, notBefore, error } = row;
  const waits = failure === null && notBefore !== null;
  return [
    `  ${namedRow(row.rowId, row.id, row.name)}: ${actionInWords(row)}`,
    ...fields.map(
      ({ field, old, new: now }) =>
        `    ${field.name}: ${isMade(row) ? '' : `${told(field, old)} → `}${told(field, now)}`,
    ),
    ...(open === null ? [] : note(openInWords(open), '    ')),
    ...(waits ? note(`not before ${at(notBefore)}${error === null ? '' : `: ${error}`}`, '    ') : []),
    ...(failure === null
      ? []
      : note(`${failure}. To send it again, edit it or run: taskmirror retry ${row.rowId}`, '    ')),
  ];
}

function note(text: string, indent = '  '): readonly string[] {
  return wrap(printableLine(text), WIDTH - indent.length - 2).map(
    (line, index) => `${indent}${index === 0 ? '! ' : '  '}${line}`,
  );
}
