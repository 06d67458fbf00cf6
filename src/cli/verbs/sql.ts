import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { type Cli, configOf } from '../cli.js';
import { openMirrorServer } from '../mirror-server.js';
import { asJson, readable } from '../sql/print.js';
import { prompt } from '../sql/prompt.js';
import { openSession, type Session } from '../sql/session.js';

interface Options {
  readonly write?: boolean;
  readonly demo?: boolean;
  readonly json?: boolean;
}

export function addSql(program: Command, cli: Cli): void {
  program
    .command('sql')
    .argument('[QUERY]', 'what to run; without it a prompt opens, or the statements of a pipe are run')
    .description('run SQL on the mirror, reading only')
    .option('--write', 'as a local writer: what it changes is sent to the API')
    .option('--demo', "the demo's mirror")
    .option('--json', 'the rows as one JSON document')
    .addHelpText(
      'after',
      "\nExample:\n  $ npx taskmirror sql 'select name, due_date from invoiced.tasks where not complete'",
    )
    .action((query: string | undefined, options: Options) => sql(query, options, cli));
}

async function sql(query: string | undefined, { write, demo, json }: Options, cli: Cli): Promise<void> {
  const server = await openMirrorServer(cli, configOf(cli), { demo });
  try {
    // The role is the connection's: through a pooler others would be given it, the worker among them.
    const session = await openSession(server.directUrl, write ? 'taskmirror_writer' : 'taskmirror_reader');
    const cancel = () => void session.cancel().catch(() => {});
    cli.signal.addEventListener('abort', cancel);
    try {
      cli.signal.throwIfAborted();
      if (query === undefined && cli.input.isTTY) await prompt(session, cli);
      else await runAll(session, query ?? (await text(cli.input)), json ?? false, cli);
    } finally {
      cli.signal.removeEventListener('abort', cancel);
      await session.close();
    }
  } finally {
    await server.close();
  }
}

async function runAll(session: Session, statements: string, json: boolean, { output }: Cli): Promise<void> {
  const results = await session.run(statements);
  output.write(`${json ? asJson(results) : results.map(readable).join('\n')}\n`);
}
