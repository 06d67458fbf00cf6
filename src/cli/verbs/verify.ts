import type { Command } from 'commander';
import { createAccountBook } from '../../daemon/account-book.js';
import { createSyncContext } from '../../daemon/sync-context.js';
import { createLog } from '../../log.js';
import type { Verification, VerifyStep } from '../../sync/verify/report.js';
import { verify } from '../../sync/verify/verify.js';
import { counted, number } from '../../words/figures.js';
import type { Cli } from '../cli.js';
import { chooseConnections } from '../connections.js';
import { jsonText } from '../json.js';
import { liveLines } from '../live-lines.js';
import { type Mirror, withMirror } from '../mirror.js';
import { documentOf } from '../verify/document.js';
import { readable } from '../verify/readable.js';

interface Options {
  readonly connection?: string;
  readonly json?: boolean;
  readonly demo?: boolean;
}

/** Besides the usual codes. */
const COULD_NOT_TELL = 3;

export function addVerify(program: Command, cli: Cli): void {
  program
    .command('verify')
    .description('read everything from the API and compare it with the mirror, changing neither')
    .option('--connection <NAME>', 'only this one (default: all)')
    .option('--json', 'one JSON document')
    .option('--demo', "the demo's mirror")
    .addHelpText(
      'after',
      '\nLocal changes that wait to be sent, and what changes meanwhile, are no difference.\nExit codes: 0 equal, 1 different, 3 could not tell.\n\nExample:\n  $ npx taskmirror verify --connection invoiced',
    )
    .action((options: Options) => run(options, cli));
}

async function run({ connection, json, demo }: Options, cli: Cli): Promise<void> {
  const found = await withMirror(cli, { demo }, (mirror) => verifyAll(mirror, connection, cli));
  cli.output.write(`${json ? jsonText(documentOf(found)) : readable(found)}\n`);
  const outcomes = new Set(found.map(({ outcome }) => outcome));
  cli.finish(outcomes.has('different') ? 1 : outcomes.has('unknown') ? COULD_NOT_TELL : 0);
}

/** One after another: what is read of one account is in nobody's way. */
async function verifyAll(
  { db, config }: Mirror,
  wanted: string | undefined,
  cli: Cli,
): Promise<readonly Verification[]> {
  const connections = await chooseConnections(db, wanted);
  const log = createLog(config.logLevel === 'debug' ? 'debug' : 'silent', cli.errors);
  const accounts = createAccountBook(db, config, log);
  await accounts.read();
  const context = createSyncContext(config, accounts, db, { runtime: cli.runtime, log });
  const board = progressBoard(cli);
  const found: Verification[] = [];
  for (const connection of connections) {
    found.push(await verify(context, connection, cli.signal, (step) => board.show(connection.name, step)));
  }
  board.end();
  return found;
}

/** On a terminal a line that is drawn again; elsewhere only why it waits, once. On the error output: results stand alone on the other. */
function progressBoard({ errors }: Cli) {
  const lines = liveLines(errors);
  const said = new Set<string>();
  return {
    show: (name: string, step: VerifyStep): void => {
      const text = `${name}  ${told(step)}`;
      lines.draw([text]);
      if (errors.isTTY || step.state === 'reading' || said.has(text)) return;
      said.add(text);
      lines.say(`taskmirror: ${text}`);
    },
    end: (): void => {
      lines.draw([]);
      lines.end();
    },
  };
}

function told(step: VerifyStep): string {
  switch (step.state) {
    case 'waiting':
      return `waits for the ${step.for} that is under way`;
    case 'settling':
      return `waits for the next pull, which may bring what differs in ${counted(step.different, 'task')}`;
    case 'reading':
      return `${number(step.rows)}${step.total === null ? '' : ` of ${number(step.total)}`} tasks read`;
  }
}
