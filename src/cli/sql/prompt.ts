import { createInterface, type Interface } from 'node:readline';
import { TaskmirrorError } from '../../errors.js';
import { printableLine } from '../../printable.js';
import type { Cli } from '../cli.js';
import { Interruption } from '../interruption.js';
import { readable } from './print.js';
import type { Session } from './session.js';

const HELP = 'SQL ends with ;   \\d tables and views   \\d NAME its columns   \\q leaves';

/** Reads statements from a terminal until `\\q` or Ctrl-D. A statement may go over several lines and ends with `;`. */
export async function prompt(session: Session, cli: Cli): Promise<void> {
  const lines = createInterface({ input: cli.input, output: cli.output, terminal: true, historySize: 500 });
  const close = () => lines.close();
  let running = false;
  let left: Interruption | null = null;
  // A prompt's Ctrl-C is a key, not a signal: it breaks off the statement that runs, or leaves.
  lines.on('SIGINT', () => {
    if (running) return void session.cancel().catch(() => {});
    left = new Interruption('SIGINT');
    lines.close();
  });
  let closed = false;
  lines.on('close', () => {
    closed = true;
  });
  cli.signal.addEventListener('abort', close);
  cli.output.write(`${HELP}\n`);
  try {
    let statement = '';
    ask(lines, statement);
    for await (const line of lines) {
      statement = `${statement}\n${line}`.trim();
      if (statement === '\\q') return;
      if (statement.startsWith('\\')) statement = describe(statement);
      if (statement.endsWith(';')) {
        running = true;
        await answer(session, statement, cli);
        running = false;
        statement = '';
      }
      if (!closed) ask(lines, statement);
    }
    if (left) throw left;
  } finally {
    cli.signal.removeEventListener('abort', close);
    lines.close();
  }
}

function ask(lines: Interface, begun: string): void {
  lines.setPrompt(begun ? '... ' : 'taskmirror=> ');
  lines.prompt();
}

async function answer(session: Session, statement: string, { output }: Cli): Promise<void> {
  try {
    for (const result of await session.run(statement)) output.write(`${readable(result)}\n`);
  } catch (error) {
    // A slip of the fingers is no reason to leave; a lost server is.
    if (!(error instanceof TaskmirrorError) || error.code !== 'failed') throw error;
    output.write(`${printableLine(error.message)}\n`);
  }
}

/** `\d` and `\d NAME` in SQL. */
function describe(command: string): string {
  const [, name] = /^\\d\s+([\w.]+)$/.exec(command) ?? [];
  if (name) {
    return `select a.attname as column, format_type(a.atttypid, a.atttypmod) as type, col_description(a.attrelid, a.attnum) as meaning
      from pg_attribute a where a.attrelid = '${name}'::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum;`;
  }
  return `select n.nspname || '.' || c.relname as name, case c.relkind when 'v' then 'view' else 'table' end as kind,
      obj_description(c.oid, 'pg_class') as meaning
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm') and n.nspname in ('invoiced', 'freshbooks', 'sync', 'reporting') order by 1;`;
}
