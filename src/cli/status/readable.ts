import type { RunStatus } from '../../mirror/status.js';
import { namedRow } from '../values.js';
import { ago, counted, number, span, wrap } from '../words.js';
import { beginningOf } from './attention.js';
import type { ConnectionReport, Report } from './report.js';

/** The report for a person, in lines of at most 80 letters, without colours. */
export function readable({ at, connections, needs }: Report): string {
  const blocks = connections.map((connection) => blockOf(connection, at));
  return [...blocks, needs.flatMap((need) => note(need, ''))]
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

const WIDTH = 80;
const INDENT = '  ';

function blockOf(connection: ConnectionReport, at: number): readonly string[] {
  const { name, source, rows, pending, failed, conflicts, unreadable, lagSeconds } = connection;
  const oldest = connection.oldestPending;
  const title = name === source ? name : `${name} (${source})`;
  const state = connection.paused ? 'paused' : beginningOf(connection);
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
    state ? `${title}: ${state}` : title,
    ...lines.map(([label, text]) => `${INDENT}${(label ?? '').padEnd(9)}${text}`),
    ...connection.needs.flatMap((need) => note(need, INDENT)),
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

function nextOf({ nextPollAt, nextSweepAt }: ConnectionReport, at: number): string {
  if (nextPollAt === null && nextSweepAt === null) return 'nothing is scheduled';
  const due = (next: number | null) =>
    next === null ? 'not scheduled' : next <= at ? 'due now' : `in ${span((next - at) / 1_000)}`;
  return `poll ${due(nextPollAt)}, sweep ${due(nextSweepAt)}`;
}

/** `poll     ok 12 s ago: 100 rows, 3 new, 2 changed, 1 deleted` */
function runOf(run: RunStatus, at: number): string {
  const changes = [
    run.inserted > 0 && `${number(run.inserted)} new`,
    run.updated > 0 && `${number(run.updated)} changed`,
    run.deleted > 0 && `${number(run.deleted)} deleted`,
    run.failed > 0 && `${number(run.failed)} ${run.kind === 'push' ? 'refused' : 'unreadable'}`,
    run.conflicts > 0 && `${number(run.conflicts)} in conflict`,
  ].filter(Boolean);
  const done = run.kind === 'push' ? `${number(run.pushed)} sent` : counted(run.fetched, 'row');
  const outcome = run.outcome ?? (run.running ? 'running' : 'waiting');
  const when = ago(millis(run.finishedAt ?? run.startedAt), at);
  const since = run.outcome === null ? `since ${when.replace(/ ago$/, '')}` : when;
  return `${run.kind.padEnd(7)}${outcome} ${since}: ${[done, ...changes].join(', ')}`;
}

function note(need: string, indent: string): readonly string[] {
  return wrap(need, WIDTH - indent.length - 2).map(
    (line, index) => `${indent}${index === 0 ? '! ' : '  '}${line}`,
  );
}

const millis = (micros: number | null): number | null => (micros === null ? null : micros / 1_000);
