import type { ConnectionStatus } from '../../mirror/status.js';
import { printableLine } from '../../printable.js';
import type { SourceName } from '../../sources/source.js';
import { beginningOf, needsOf } from '../../words/attention.js';
import { number, span } from '../../words/figures.js';
import type { Act, Activity } from './activity.js';

/** One that is there whenever the line is pasted: people delete tasks. */
const SOME_SERVICE = 'select max(id) from freshbooks.tasks where vis_state = 0';

/** What stays on the screen: what this is, where its page is, and what to paste elsewhere. Lines that are pasted must not be cut. */
export const headOf = (url: string | null): readonly string[] => [
  'taskmirror demo: both APIs are simulated, people work in them and in a real PostgreSQL, and each side follows the other.',
  '',
  ...(url === null ? [] : [`The status page: ${url}`, '']),
  'Look at it and change it with SQL, in a second terminal in this folder:',
  '',
  'npx taskmirror sql --demo "select id, name, due_date, complete from invoiced.tasks order by updated_at desc limit 8"',
  'npx taskmirror sql --demo "select id, name, rate_amount, billable from freshbooks.tasks order by updated_at desc limit 8"',
  `npx taskmirror sql --demo --write "update freshbooks.tasks set rate_amount = rate_amount + 5 where id = (${SOME_SERVICE}) returning id, name, rate_amount"`,
  'npx taskmirror conflicts --demo',
  'npx taskmirror links --demo',
  'npx taskmirror status --demo',
  '',
];

/** What changes on the screen, drawn again and again. */
export function screenOf(
  connections: readonly ConnectionStatus[],
  activity: Activity,
  { colours, acts, foot }: { readonly colours: boolean; readonly acts: number; readonly foot: string },
): readonly string[] {
  const dim = (text: string) => (colours ? `\x1b[90m${text}\x1b[0m` : text);
  const strong = (text: string) => (colours ? `\x1b[1m${text}\x1b[0m` : text);
  const recent = activity.recent(acts);
  return [
    dim(row('In the mirror', 'active', 'deleted', 'changes seen', 'sent', 'last good pull')),
    ...connections.map((connection) => strong(rowOf(connection, activity))),
    '',
    dim('What people do at the APIs and with SQL, and how soon the other side has it:'),
    ...recent.map((act) => (act.awaited && act.delay === null ? dim(lineOf(act)) : lineOf(act))),
    ...(recent.length === 0 ? [dim('(they begin when the first read is over)')] : []),
    ...connections.flatMap(needsOf).map((need) => `! ${printableLine(need)}`),
    '',
    dim(foot),
  ];
}

/** `14:03:07   1.4 s  Invoiced 788 renamed: Call Acme`, `14:03:09   1.2 s  SQL → API: update invoiced.tasks …` */
export function lineOf({ at, delay, awaited, by, text }: Act): string {
  const time = new Date(at).toTimeString().slice(0, 8);
  const after = delay !== null ? `${(delay / 1_000).toFixed(1)} s` : awaited ? '...' : '';
  const what = by === null ? '' : `${by}${delay === null ? '' : ' → API'}: `;
  return `${time} ${after.padStart(7)}  ${what}${printableLine(text)}`;
}

/** `Invoiced 312 active, 3 deleted; FreshBooks 305 active, 7 deleted` */
export function rowsInWords(connections: readonly ConnectionStatus[]): string {
  return connections
    .map(
      ({ name, rows }) =>
        `${name} ${number(rows.active + rows.archived)} active, ${number(rows.deleted)} deleted`,
    )
    .join('; ');
}

function rowOf(connection: ConnectionStatus, activity: Activity): string {
  const { name, source, rows, lagSeconds } = connection;
  return row(
    name,
    number(rows.active + rows.archived),
    number(rows.deleted),
    number(activity.arrived(source as SourceName, 'mirror')),
    number(activity.arrived(source as SourceName, 'api')),
    beginningOf(connection) ?? (lagSeconds === null ? 'not yet' : `${span(lagSeconds)} ago`),
  );
}

const row = (
  name: string,
  active: string,
  deleted: string,
  seen: string,
  sent: string,
  pull: string,
): string =>
  `${name.padEnd(14)}${active.padStart(7)}${deleted.padStart(9)}${seen.padStart(14)}${sent.padStart(6)}   ${pull}`;
