import { Command } from 'commander';
import { distance } from '../config/suspicious-names.js';
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
import { addLinks } from './verbs/links.js';
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
  addLinks,
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
  for (const verb of program.commands.flatMap((verb) => [verb, ...verb.commands]))
    if (verb.commands.length > 0) verb.hook('preSubcommand', refuseUnknown);
  return program;
}

/** A verb's verb that there isn't would be taken for an argument of its default one. */
function refuseUnknown(verb: Command, chosen: Command): void {
  const [word] = verb.args;
  if (word === undefined || word.startsWith('-') || word === chosen.name()) return;
  const near = verb.commands.find((one) => distance(one.name(), word) <= 2)?.name();
  verb.error(`error: unknown verb '${verb.name()} ${word}'${near ? ` (did you mean ${near}?)` : ''}`);
}

/** Commander's complaint as one line: `unknown verb 'strat' (did you mean start?)`. */
function reworded(complaint: string): string {
  return printable(oneLine(complaint))
    .replace(/^error: /, '')
    .replace('unknown command', 'unknown verb')
    .replace(/^command-argument value ('.*') is invalid for argument '(\w+)'\. /, '$2 $1 is invalid: ')
    .replace('Did you mean', 'did you mean')
    .replace(/\.$/, '');
}
