import { createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import type { SandboxOptions } from '../../src/sandbox/index.js';
import { makeFolder } from '../cli/command.js';
import { type Program, runProgram } from '../daemon/process.js';
import { openWorld, type World } from '../daemon/world.js';
import { freePort, ownRedisUrl, until } from '../servers/index.js';

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

/** Both APIs and an empty database, for processes with their queue here or there. */
export async function worldOn(queue: 'postgres' | 'redis', sandbox: SandboxOptions = {}): Promise<World> {
  const world = await openWorld({ sandbox });
  if (queue === 'postgres') return world;
  // A process takes the usual names in Redis, so it needs one of its own.
  return { ...world, env: { ...world.env, REDIS_URL: await ownRedisUrl() } };
}

export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000), redirect: 'manual', ...init });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** Whether `/readyz` says so. */
export async function isReady({ get }: Served): Promise<boolean> {
  return (await get('/readyz')).status === 200;
}

/** The port of a server that takes connections and says nothing. Closed when the test ends. */
export async function muteServer(): Promise<number> {
  const server = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return port;
}

function ended({ errors }: Program): null {
  if (errors()) throw new Error(errors());
  return null;
}
