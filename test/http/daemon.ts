import { makeFolder } from '../cli/command.js';
import { type Program, runProgram } from '../daemon/process.js';
import { until } from '../servers/index.js';

/** A daemon in a process of its own, and where it is served. */
export interface Served {
  readonly program: Program;
  readonly url: string;
  /** One request. Fails when nothing comes within 10 s. */
  get(path: string, init?: RequestInit): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Starts it on a free port, and does not wait until it is ready. */
export async function serveDaemon(env: Readonly<Record<string, string | undefined>>): Promise<Served> {
  const program = runProgram(['start'], { env: { ...env, HTTP_PORT: '0' }, folder: makeFolder() });
  const url = await until(
    'it listens',
    () => /"url":"([^"]+)"/.exec(program.output())?.[1] ?? ended(program),
    30_000,
  );
  return { program, url, get: (path, init) => ask(url + path, init) };
}

export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000), redirect: 'manual', ...init });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** Whether `/readyz` says so. */
export async function isReady({ get }: Served): Promise<boolean> {
  return (await get('/readyz')).status === 200;
}

function ended({ errors }: Program): null {
  if (errors()) throw new Error(errors());
  return null;
}
