import type { FieldDifference } from '../../sync/verify/compare.js';
import type { Difference, Verification } from '../../sync/verify/report.js';
import { counted, number, wrap } from '../../words/figures.js';
import { namedRow, told } from '../../words/values.js';

/** What a verification has found, for a person. */
export function readable(found: readonly Verification[]): string {
  return found.map((one) => linesOf(one).join('\n')).join('\n\n');
}

const SHOWN = 20;
const WIDTH = 80;

function linesOf(one: Verification): readonly string[] {
  const { connection, differences, refused, unreadableTasks } = one;
  const cut = (count: number) =>
    count > SHOWN ? [`  … and ${number(count - SHOWN)} more; --json lists them`] : [];
  return [
    ...wrap(`${connection}: ${verdictOf(one)}`, WIDTH),
    ...(one.runId === null ? [] : [`  ${countsOf(one)}`]),
    ...differences.slice(0, SHOWN).flatMap(differenceLines),
    ...cut(differences.length),
    ...refused
      .slice(0, SHOWN)
      .flatMap(({ rowId, id, name, error }) => [
        `  ${namedRow(rowId, id, name, 50)}: refused by the API`,
        ...wrap(error ?? '', WIDTH - 4).map((line) => `    ${line}`),
      ]),
    ...cut(refused.length),
    ...unreadableTasks
      .slice(0, SHOWN)
      .flatMap(({ id, reason }) =>
        wrap(`task ${id} can't be compared: ${reason}`, WIDTH - 2).map((line) => `  ${line}`),
      ),
    ...cut(unreadableTasks.length),
    ...curesOf(one).flatMap((cure) =>
      wrap(cure, WIDTH - 4).map((line, index) => `  ${index === 0 ? '! ' : '  '}${line}`),
    ),
  ];
}

function verdictOf({ outcome, reason, tasks, different, failed, unjudged }: Verification): string {
  if (outcome === 'equal') return 'equal';
  if (outcome === 'unknown') return `could not tell: ${reason}`;
  return [
    different > 0 &&
      `${number(different)} of ${counted(tasks, 'task')} ${different === 1 ? 'differs' : 'differ'}`,
    unjudged > 0 && `${number(unjudged)} more looked different and were not looked at again`,
    failed > 0 && `${counted(failed, 'row')} refused by the API`,
  ]
    .filter(Boolean)
    .join(', ');
}

function countsOf({ tasks, rows, pending, meanwhile, unreadable }: Verification): string {
  return [
    `${counted(tasks, 'task')} at the API, ${counted(rows, 'row')} here`,
    pending > 0 && `${number(pending)} pending`,
    meanwhile > 0 && `${number(meanwhile)} changed meanwhile`,
    unreadable > 0 && `${number(unreadable)} unreadable`,
  ]
    .filter(Boolean)
    .join(', ');
}

function differenceLines({ kind, rowId, id, name, fields }: Difference): readonly string[] {
  const task =
    rowId === null
      ? `task ${id}${name === null ? '' : ` ${told(undefined, name)}`}`
      : namedRow(rowId, id, name, 40);
  const what = {
    differs: '',
    missing: ': not in the mirror',
    deleted: ': deleted at the API',
    unmade: ': says synced, but no task is known behind it',
  }[kind];
  return [`  ${task}${what}`, ...fields.filter(({ why }) => why === 'different').map(fieldLine)];
}

function fieldLine({ field, mirror, api }: FieldDifference): string {
  if (field === null) return '    raw: not as the API gives the task';
  return `    ${field.name}: ${told(field, mirror)} here, ${told(field, api)} at the API`;
}

function curesOf({ connection, differences, failed }: Verification): readonly string[] {
  const behind = differences.filter(({ behind }) => behind).length;
  return [
    behind > 0 &&
      `${number(behind)} changed at the API after the last good pull: a running worker brings them, a deleted one by the next sweep at the latest.`,
    differences.length > behind &&
      `taskmirror resync --connection ${connection} --full reads everything again and mends the mirror; what was changed here without its notice is then sent.`,
    failed > 0 && 'taskmirror plan says what was refused, and taskmirror retry sends it again.',
  ].filter((cure): cure is string => Boolean(cure));
}
