import { Command } from 'commander';
import { distance } from '../config/suspicious-names.js';
import { printable } from '../printable.js';
import { version } from '../version.js';
import type { Cli } from './cli.js';
import { oneLine } from './report-error.js';

/** In the order of the help. Each loads what it needs when it is asked for: all that all of them need takes a second. */
const VERBS: ReadonlyMap<string, () => Promise<(program: Command, cli: Cli) => void>> = new Map([
  ['start', async () => (await import('./verbs/start.js')).addStart],
  ['demo', async () => (await import('./verbs/demo.js')).addDemo],
  ['resync', async () => (await import('./verbs/resync.js')).addResync],
  ['status', async () => (await import('./verbs/status.js')).addStatus],
  ['plan', async () => (await import('./verbs/plan.js')).addPlan],
  ['verify', async () => (await import('./verbs/verify.js')).addVerify],
  ['conflicts', async () => (await import('./verbs/conflicts.js')).addConflicts],
  ['links', async () => (await import('./verbs/links.js')).addLinks],
  ['retry', async () => (await import('./verbs/retry.js')).addRetry],
  ['connections', async () => (await import('./verbs/connections.js')).addConnections],
  ['connect', async () => (await import('./verbs/connect.js')).addConnect],
  ['pause', async () => (await import('./verbs/pause.js')).addPause],
  ['resume', async () => (await import('./verbs/resume.js')).addResume],
  ['sql', async () => (await import('./verbs/sql.js')).addSql],
  ['migrate', async () => (await import('./verbs/migrate.js')).addMigrate],
  ['doctor', async () => (await import('./verbs/doctor.js')).addDoctor],
  ['sandbox', async () => (await import('./verbs/sandbox.js')).addSandbox],
  ['completion', async () => (await import('./verbs/completion.js')).addCompletion],
]);

/** The command line: one file for each verb. Where `args` name one, it has no other, unless that one tells of all. */
export async function makeProgram(args: readonly string[], cli: Cli): Promise<Command> {
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
  for (const load of wanted(args)) (await load())(program, cli);
  for (const verb of program.commands.flatMap((verb) => [verb, ...verb.commands]))
    if (verb.commands.length > 0) verb.hook('preSubcommand', refuseUnknown);
  return program;
}

function wanted([word = '']: readonly string[]) {
  const verb = word === 'completion' ? undefined : VERBS.get(word);
  return verb ? [verb] : [...VERBS.values()];
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
