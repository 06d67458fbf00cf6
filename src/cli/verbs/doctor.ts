import type { Command } from 'commander';
import type { Config } from '../../config/config.js';
import { TaskmirrorError } from '../../errors.js';
import { readCredentials } from '../../mirror/accounts.js';
import { isUnavailable, openDatabase, unavailable } from '../../mirror/database.js';
import type { Cli } from '../cli.js';
import { checkAccounts } from '../doctor/accounts.js';
import { checkClock } from '../doctor/clock.js';
import { checkConfiguration } from '../doctor/configuration.js';
import { checkDatabase } from '../doctor/database.js';
import { type Finding, findingsOf } from '../doctor/finding.js';
import { checkQueue } from '../doctor/queue.js';
import { documentOf, readable } from '../doctor/readable.js';
import { checkSecrets } from '../doctor/secrets.js';
import { openMirrorServer } from '../mirror-server.js';

interface Options {
  readonly json?: boolean;
  readonly demo?: boolean;
}

export function addDoctor(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .description('check configuration, database, queue and each API, and say what to do about each fault')
    .option('--json', 'one JSON document')
    .option('--demo', "the demo's mirror")
    .addHelpText(
      'after',
      '\nIt writes nothing, here or at an API. It ends with 1 when something has failed.\n\nExample:\n  $ npx taskmirror doctor',
    )
    .action((options: Options) => doctor(options, cli));
}

async function doctor({ json, demo }: Options, cli: Cli): Promise<void> {
  const { config, findings: first } = checkConfiguration(cli);
  const findings = config === null ? first : [...first, ...(await checkServers(config, demo ?? false, cli))];
  cli.output.write(`${json ? JSON.stringify(documentOf(findings), null, 2) : readable(findings)}\n`);
  if (findings.some(({ state }) => state === 'failed')) cli.finish(1);
}

async function checkServers(config: Config, demo: boolean, cli: Cli): Promise<readonly Finding[]> {
  const queue = checkQueue(demo ? { ...config, redisUrl: null } : config);
  const { failed } = findingsOf('database');
  try {
    const database = await checkMirror(config, demo, cli);
    return [...database.slice(0, 1).flat(), ...(await queue), ...database.slice(1).flat()];
  } catch (error) {
    if (!(error instanceof TaskmirrorError)) throw error;
    const [problem = '', cure = 'Correct DATABASE_URL.'] = error.message.split(/: (?=[^:]+$)/);
    return [failed('server', `${problem}.`, cure), ...(await queue)];
  }
}

/** The database's findings, and those that need it. */
async function checkMirror(
  config: Config,
  demo: boolean,
  cli: Cli,
): Promise<readonly (readonly Finding[])[]> {
  const server = await openMirrorServer(cli, config, { demo });
  const db = openDatabase(server.url, { applicationName: 'taskmirror doctor', max: 3 });
  try {
    const { findings, usable, facts } = await checkDatabase(db);
    const clock = checkClock('the database', facts.clock, cli.runtime.now());
    if (!usable) return [[...findings, ...clock]];
    const secrets = checkSecrets(config, await readCredentials(db));
    return [[...findings, ...clock], secrets, await checkAccounts(db, config, cli)];
  } catch (error) {
    throw isUnavailable(error) ? unavailable(server.url, error) : error;
  } finally {
    await db.close();
    await server.close();
  }
}
