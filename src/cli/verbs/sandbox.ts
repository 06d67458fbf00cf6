import { once } from 'node:events';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { DURATION_EXAMPLES, parseDuration } from '../../config/duration.js';
import { TaskmirrorError } from '../../errors.js';
import { people, type Sandbox, startSandbox } from '../../sandbox/index.js';
import type { Cli } from '../cli.js';

interface Options {
  readonly host: string;
  readonly invoicedPort: number;
  readonly freshbooksPort: number;
  readonly tasks: number;
  readonly seed: number;
  readonly people?: number;
  readonly state?: string;
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
    .option('--host <HOST>', 'the address that both listen on; 0.0.0.0 in a container', '127.0.0.1')
    .option('--tasks <N>', 'how many tasks each of them begins with', parseCount, 100)
    .option('--seed <N>', 'what everything random in them is made from', parseCount, 1)
    .option('--people <EVERY>', 'people at work in both: one change each so often, such as 5s', parseEvery)
    .option('--state <FILE>', 'keeps tasks and tokens in a file, and goes on from there at the next start')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx taskmirror sandbox --invoiced-port 4010 --freshbooks-port 4020',
    )
    .action((options: Options) => serve(options, cli));
}

async function serve(options: Options, cli: Cli): Promise<void> {
  const { host, invoicedPort, freshbooksPort, tasks, seed, people: every, state } = options;
  const sandbox = await startSandbox({
    host,
    seed,
    runtime: cli.runtime,
    ...(state !== undefined && { snapshotFile: resolve(cli.folder, state), keepConsent: true }),
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
  const working = every === undefined ? Promise.resolve() : work(sandbox, every, cli);
  try {
    if (!cli.signal.aborted) await once(cli.signal, 'abort');
    await working;
  } finally {
    await sandbox.close();
  }
}

/** Saved at once: what a worker has seen must still be there after a crash. */
async function work(sandbox: Sandbox, every: number, { runtime, signal, errors }: Cli): Promise<void> {
  const step = people(sandbox);
  while (!signal.aborted) {
    await runtime.sleep(every, signal).catch(() => {});
    if (signal.aborted) return;
    errors.write(`${step()}\n`);
    await sandbox.save();
  }
}

function explainPort(error: unknown): never {
  const { code, port } = error as NodeJS.ErrnoException & { readonly port?: number };
  if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
  const why = code === 'EADDRINUSE' ? 'is taken' : 'may not be used by this user';
  throw new TaskmirrorError('unavailable', `Port ${port} ${why}: choose another one, or 0 for any.`, {
    cause: error,
  });
}

function parseEvery(text: string): number {
  const every = parseDuration(text);
  if (!every) throw new InvalidArgumentError(`use a duration such as ${DURATION_EXAMPLES}`);
  return every;
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
