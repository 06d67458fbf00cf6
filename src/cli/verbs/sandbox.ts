import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import { TaskmirrorError } from '../../errors.js';
import { startSandbox } from '../../sandbox/index.js';
import type { Cli } from '../cli.js';

interface Options {
  readonly invoicedPort: number;
  readonly freshbooksPort: number;
  readonly tasks: number;
  readonly seed: number;
}

export function addSandbox(program: Command, cli: Cli): void {
  program
    .command('sandbox')
    .description('run only the two simulated APIs, until Ctrl-C')
    .option('--invoiced-port <N>', 'where the simulated Invoiced listens (0 takes a free port)', parsePort, 0)
    .option(
      '--freshbooks-port <N>',
      'where the simulated FreshBooks listens (0 takes a free port)',
      parsePort,
      0,
    )
    .option('--tasks <N>', 'how many tasks each of them begins with', parseCount, 100)
    .option('--seed <N>', 'what everything random in them is made from', parseCount, 1)
    .addHelpText(
      'after',
      '\nExample:\n  $ npx taskmirror sandbox --invoiced-port 4010 --freshbooks-port 4020',
    )
    .action((options: Options) => serve(options, cli));
}

async function serve({ invoicedPort, freshbooksPort, tasks, seed }: Options, cli: Cli): Promise<void> {
  const sandbox = await startSandbox({
    seed,
    runtime: cli.runtime,
    invoiced: { port: invoicedPort, tasks },
    freshbooks: { port: freshbooksPort, tasks },
  }).catch(explainPort);
  const { invoiced, freshbooks } = sandbox;
  // As .env takes it: what the sandbox knows as secrets opens nothing but itself.
  cli.output.write(
    [
      `# Both simulated APIs are running; put this into .env to mirror them. Ctrl-C stops them.`,
      `INVOICED_BASE_URL=${invoiced.url}`,
      `INVOICED_API_KEY=${invoiced.apiKey}`,
      `FRESHBOOKS_BASE_URL=${freshbooks.url}`,
      `FRESHBOOKS_ACCOUNT_ID=${freshbooks.accountId}`,
      `FRESHBOOKS_CLIENT_ID=${freshbooks.clientId}`,
      `FRESHBOOKS_CLIENT_SECRET=${freshbooks.clientSecret}`,
      `FRESHBOOKS_REDIRECT_URI=${freshbooks.redirectUri}`,
      `FRESHBOOKS_REFRESH_TOKEN=${freshbooks.refreshToken}`,
      `# CREDENTIALS_KEY is needed too: openssl rand -base64 32`,
      `# Faults and switches: ${sandbox.controlUrl}`,
      '',
    ].join('\n'),
  );
  if (!cli.signal.aborted) await once(cli.signal, 'abort');
  await sandbox.close();
}

function explainPort(error: unknown): never {
  const { code, port } = error as NodeJS.ErrnoException & { readonly port?: number };
  if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
  const why = code === 'EADDRINUSE' ? 'is taken' : 'may not be used by this user';
  throw new TaskmirrorError('unavailable', `Port ${port} ${why}: choose another one, or 0 for any.`, {
    cause: error,
  });
}

function parsePort(text: string): number {
  const port = parseCount(text);
  if (port > 65_535) throw new InvalidArgumentError('use a port from 0 to 65535');
  return port;
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('use a whole number');
  return Number(text);
}
