import { type ExecFileOptions, execFile, execFileSync } from 'node:child_process';
import { systemRuntime } from '../../src/runtime.js';

/** The stack of docker-compose.yml under a project name and on ports of its own, so that nobody's own stack is touched. */
const COMPOSE = [
  ...['compose', '-p', 'taskmirror-trial', '--env-file', '/dev/null', '--profile', 'demo'],
  ...['-f', 'docker-compose.yml', '-f', 'test/docker/trial.yml'],
];
const SETTINGS = {
  TASKMIRROR_IMAGE: 'taskmirror-trial:now',
  WORKER_PORT: '18080-18089',
  POSTGRES_PORT: '15433',
  DEMO_PORT: '18090',
  INVOICED_BASE_URL: 'http://sandbox:4010',
  INVOICED_API_KEY: 'sandbox-invoiced-key',
  FRESHBOOKS_BASE_URL: 'http://sandbox:4020',
  FRESHBOOKS_ACCOUNT_ID: 'xZNQ1X',
  FRESHBOOKS_CLIENT_ID: 'sandbox-client',
  FRESHBOOKS_CLIENT_SECRET: 'sandbox-secret',
  FRESHBOOKS_REDIRECT_URI: 'https://localhost/callback',
  FRESHBOOKS_REFRESH_TOKEN: 'sandbox-refresh-token',
  POLL_EVERY: '2s',
};

/** What the command says on standard output; rejects with what it says on standard error. */
export function docker(args: readonly string[], options: ExecFileOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const most = { maxBuffer: 50_000_000, ...options, encoding: 'utf8' as const };
    execFile('docker', args, most, (error, stdout, stderr) =>
      error ? reject(new Error(`docker ${args.join(' ')}\n${stderr}`)) : resolve(stdout.trim()),
    );
  });
}

/** `settings` go over those of the trial. */
export function compose(args: readonly string[], settings: Record<string, string> = {}): Promise<string> {
  return docker([...COMPOSE, ...args], { env: { ...process.env, ...SETTINGS, ...settings } });
}

/** Gives lines of values, with | between. */
export function sql(statement: string): Promise<string> {
  return compose(['exec', '-T', 'postgres', 'psql', '-U', 'taskmirror', '-qAt', '-c', statement]);
}

export const taskmirror = (...args: string[]): Promise<string> =>
  compose(['exec', '-T', 'worker', 'taskmirror', ...args]);

/** Asks the sandbox's control surface, which only its own container reaches. */
export async function sandbox(method: string, path: string, body?: object): Promise<unknown> {
  const log = await compose(['logs', '--no-log-prefix', 'sandbox']);
  const url = [...log.matchAll(/Faults and switches: (\S+)/g)].at(-1)?.[1];
  const init = {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  };
  const script = `fetch(${JSON.stringify(`${url}${path}`)}, ${JSON.stringify(init)}).then(async (a) => console.log(await a.text()))`;
  return JSON.parse(await compose(['exec', '-T', 'sandbox', 'node', '-e', script]));
}

/** Waits for what the engine can only be asked about. Throws what it last was. */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  is: (value: T) => boolean,
  seconds = 120,
): Promise<T> {
  const end = Date.now() + seconds * 1_000;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const value = await look();
      if (is(value)) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    await systemRuntime.sleep(300);
  }
  throw new Error(
    `Not within ${seconds} s: ${what}. Last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
  );
}

/** Builds an image from this folder, or from a former commit by today's Dockerfile. */
export async function build(tag: string, folder = '.'): Promise<void> {
  const revision = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  await docker(['build', '-q', '-t', tag, '--build-arg', `REVISION=${revision}`, folder]);
}
