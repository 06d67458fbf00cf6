import type { RunStatus } from '../../mirror/run-status.js';
import { printableLine } from '../../printable.js';
import { beginningOf, STATES, type State, summaryOf } from '../../words/attention.js';
import { ago, number, span, wrap } from '../../words/figures.js';
import { linksInWords } from '../../words/links.js';
import type { ConnectionReport, Report } from '../../words/report.js';
import { doneBy, outcomeOf } from '../../words/runs.js';
import { namedRow } from '../../words/values.js';
import type { Colour, Paint } from '../colours.js';

/** The report for a person, in lines of at most 80 letters. */
export function readable({ at, connections, links, needs }: Report, paint: Paint): string {
  const blocks =
    connections.length > MANY
      ? [tableOf(connections, paint), connections.flatMap((each) => notesOf(each, paint))]
      : connections.map((connection) => blockOf(connection, at, paint));
  const head = connections.length > 1 ? [[summaryOf(connections)]] : [];
  const linked = links === null ? [] : [[`links: ${linksInWords(links)}`]];
  return [...head, ...blocks, ...linked, needs.flatMap((need) => note(need, '', paint))]
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

/** So many connections that a block of lines for each would hide what matters. */
const MANY = 8;

const COLOURS = {
  in_sync: 'green',
  pending: 'green',
  first_read: 'blue',
  paused: 'yellow',
  needs_person: 'red',
} as const satisfies Record<State, Colour>;

/** One line each: what waits for a person stands below. */
function tableOf(connections: readonly ConnectionReport[], paint: Paint): readonly string[] {
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = COLUMNS[column] ?? 0;
        const cut = cell.length > width ? `${cell.slice(0, width - 1)}…` : cell;
        return column < 2 ? cut.padEnd(width) : cut.padStart(width);
      })
      .join(' ');
  return [
    paint('dim', line(['connection', 'state', 'lag', 'active', 'pending', 'failed', 'conflict'])),
    ...connections.map((each) => {
      const lag = each.lagSeconds === null ? 'never' : span(each.lagSeconds);
      const numbers = [each.rows.active, each.pending, each.failed, each.conflicts].map(number);
      const text = line([printableLine(each.name), STATES[each.state], lag, ...numbers]);
      return each.state === 'in_sync' ? text : paint(COLOURS[each.state], text);
    }),
  ];
}

const COLUMNS = [20, 14, 9, 9, 7, 6, 8];

function notesOf({ name, needs }: ConnectionReport, paint: Paint): readonly string[] {
  return needs.flatMap((need) => note(`${name}: ${need}`, '', paint));
}

const WIDTH = 80;
const INDENT = '  ';

function blockOf(connection: ConnectionReport, at: number, paint: Paint): readonly string[] {
  const { name, source, rows, pending, failed, conflicts, unreadable, lagSeconds } = connection;
  const oldest = connection.oldestPending;
  const title = name === source ? name : `${name} (${source})`;
  const state = (connection.paused ? null : beginningOf(connection)) ?? STATES[connection.state];
  const lag = lagSeconds === null ? '' : ` (lag ${span(lagSeconds)})`;
  const lines = [
    ['pulled', `${ago(millis(connection.lastPullAt), at)}${lag}`],
    ['pushed', ago(millis(connection.lastPushAt), at)],
    [
      'rows',
      [
        `${number(rows.active)} active`,
        ...(rows.archived > 0 ? [`${number(rows.archived)} archived`] : []),
        `${number(rows.deleted)} deleted`,
      ].join(', '),
    ],
    [
      'waiting',
      `${number(pending)} pending, ${number(failed)} failed, ${number(conflicts)} in conflict, ${number(unreadable)} unreadable`,
    ],
    ...(oldest === null ? [] : [['oldest', oldestOf(oldest, at)] as const]),
    ['next', nextOf(connection, at)],
    ...connection.runs.map((run, index) => [index === 0 ? 'runs' : '', runOf(run, at)]),
  ] as const;
  return [
    `${paint('bold', title)}: ${paint(COLOURS[connection.state], state)}`,
    ...lines.map(([label, text]) => `${INDENT}${paint('dim', (label ?? '').padEnd(9))}${text}`),
    ...connection.needs.flatMap((need) => note(need, INDENT, paint)),
  ];
}

/** `row 12 "Call customer", pending for 5 m 3 s` */
function oldestOf(
  { rowId, name, since }: NonNullable<ConnectionReport['oldestPending']>,
  at: number,
): string {
  const waits = `pending for ${span((at - since / 1_000) / 1_000)}`;
  return `${namedRow(rowId, null, name, WIDTH - 54)}, ${waits}`;
}

function nextOf({ paused, nextPollAt, nextSweepAt }: ConnectionReport, at: number): string {
  if (paused) return 'nothing while it is paused';
  if (nextPollAt === null && nextSweepAt === null) return 'nothing is scheduled';
  const due = (next: number | null) =>
    next === null ? 'not scheduled' : next <= at ? 'due now' : `in ${span((next - at) / 1_000)}`;
  return `poll ${due(nextPollAt)}, sweep ${due(nextSweepAt)}`;
}

/** `poll     ok 12 s ago: 100 rows, 3 new, 2 changed, 1 deleted` */
function runOf(run: RunStatus, at: number): string {
  const when = ago(millis(run.finishedAt ?? run.startedAt), at);
  const since = run.outcome === null ? `since ${when.replace(/ ago$/, '')}` : when;
  return `${run.kind.padEnd(7)}${outcomeOf(run)} ${since}: ${doneBy(run)}`;
}

function note(need: string, indent: string, paint: Paint): readonly string[] {
  return wrap(need, WIDTH - indent.length - 2).map(
    (line, index) => `${indent}${index === 0 ? paint('yellow', '! ') : '  '}${line}`,
  );
}

const millis = (micros: number | null): number | null => (micros === null ? null : micros / 1_000);
