import { Command } from 'commander';
import { printable } from '../printable.js';
import { version } from '../version.js';
import type { Cli } from './cli.js';
import { oneLine } from './report-error.js';
import { addCompletion } from './verbs/completion.js';
import { addConflicts } from './verbs/conflicts.js';
import { addConnect } from './verbs/connect.js';
import { addConnections } from './verbs/connections.js';
import { addDemo } from './verbs/demo.js';
import { addDoctor } from './verbs/doctor.js';
import { addMigrate } from './verbs/migrate.js';
import { addPause } from './verbs/pause.js';
import { addPlan } from './verbs/plan.js';
import { addResume } from './verbs/resume.js';
import { addResync } from './verbs/resync.js';
import { addRetry } from './verbs/retry.js';
import { addSandbox } from './verbs/sandbox.js';
import { addSql } from './verbs/sql.js';
import { addStart } from './verbs/start.js';
import { addStatus } from './verbs/status.js';
import { addVerify } from './verbs/verify.js';

/** In the order of the help. */
const VERBS = [
  addStart,
  addDemo,
  addResync,
  addStatus,
  addPlan,
  addVerify,
  addConflicts,
  addRetry,
  addConnections,
  addConnect,
  addPause,
  addResume,
  addSql,
  addMigrate,
  addDoctor,
  addSandbox,
  addCompletion,
];

/** The command line: one file for each verb. */
export function makeProgram(cli: Cli): Command {
  const program = new Command('taskmirror')
    .description('Keeps a Postgres mirror of the tasks in Invoiced and FreshBooks, in both directions.')
    .usage('VERB [options]')
    .version(version, '--version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [VERB]', 'show help')
    .configureHelp({
      subcommandTerm: (verb) =>
        `${verb.name()} ${verb.usage().replace('[options] ', '').replace('[options]', '')}`.trim(),
    })
    .addHelpText('after', '\nSettings come from the environment and from .env in the current folder.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void cli.output.write(text),
      writeErr: (text) => void cli.errors.write(text),
      outputError: (text, write) => write(`taskmirror: ${reworded(text)}; see taskmirror --help\n`),
    });
  for (const add of VERBS) add(program, cli);
  return program;
}

/** Commander's complaint as one line: `unknown verb 'strat' (did you mean start?)`. */
function reworded(complaint: string): string {
  return printable(oneLine(complaint))
    .replace(/^error: /, '')
    .replace('unknown command', 'unknown verb')
    .replace('Did you mean', 'did you mean')
    .replace(/\.$/, '');
}
