import type { Command } from 'commander';
import { isUnavailable, unavailable } from '../../mirror/database.js';
import { migrate } from '../../mirror/migrate.js';
import { type Cli, configOf } from '../cli.js';
import { openMirrorServer } from '../mirror-server.js';

export function addMigrate(program: Command, cli: Cli): void {
  program
    .command('migrate')
    .description('bring the database up to date and exit')
    .option('--demo', "the demo's database")
    .addHelpText('after', '\nExample:\n  $ DATABASE_URL=postgres://… npx taskmirror migrate')
    .action((options: { demo?: boolean }) => bringUpToDate(options, cli));
}

async function bringUpToDate({ demo }: { demo?: boolean }, cli: Cli): Promise<void> {
  const server = await openMirrorServer(cli, configOf(cli), { demo, create: true });
  try {
    const { administratorStatements } = await migrate(server.directUrl);
    cli.output.write(`The database is up to date.\n${forAdministrator(administratorStatements)}`);
  } catch (error) {
    throw isUnavailable(error) ? unavailable(server.directUrl, error) : error;
  } finally {
    await server.close();
  }
}

/** Statements that can be pasted as they are. */
function forAdministrator(statements: readonly string[]): string {
  if (statements.length === 0) return '';
  return `This user may not make the roles for reading and writing; all else works without them. As an administrator, run:\n${statements.map((statement) => `${statement};\n`).join('')}`;
}
