import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const sources = ['invoiced', 'freshbooks'] as const;
export type SourceName = (typeof sources)[number];

/** How many tasks each API has, and how many milliseconds each answer takes at least. */
export interface SandboxWish {
  readonly invoiced?: number;
  readonly freshbooks?: number;
  readonly latency?: number;
  /** How many tasks each further account of Invoiced has; its key is `furtherKey` of its place. */
  readonly further?: readonly number[];
}

export const furtherKey = (n: number): string => `account-${n}`;

export interface SandboxFacts {
  readonly controlUrl: string;
  /** What points a worker at it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Both simulated APIs in another process. */
export interface BenchSandbox extends SandboxFacts {
  readonly pid: number;
  /** What people do there: see `src/sandbox/control.ts`. */
  act(source: SourceName, act: string, ...args: readonly unknown[]): Promise<unknown>;
  /** One page of a listing, by its query, and nothing else done with it. */
  ask(source: SourceName, query: string): Promise<unknown>;
  /** How many milliseconds each answer takes at least from now on. */
  setLatency(milliseconds: number): Promise<void>;
  /** How many requests came so far. */
  requests(): Promise<number>;
  /** When the first request by this method came after so many, in milliseconds since 1970; null where none did. */
  cameAt(source: SourceName, method: string, after: number): Promise<number | null>;
  close(): Promise<void>;
}

export async function startBenchSandbox(wish: SandboxWish): Promise<BenchSandbox> {
  const child = forkProgram('sandbox-process.ts', [JSON.stringify(wish)]);
  const [facts] = (await once(child, 'message')) as [SandboxFacts];
  const control = async (path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${facts.controlUrl}${path}`, {
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    const json: unknown = await answer.json();
    if (!answer.ok)
      throw new Error(`The sandbox answers ${answer.status} to ${path}: ${JSON.stringify(json)}`);
    return json;
  };
  return {
    ...facts,
    pid: child.pid ?? 0,
    act: (source, act, ...args) => control(`/people/${source}`, { act, args }),
    ask: async (source, query) => {
      const { url, authorization } = listingOf(facts.env, source);
      const answer = await fetch(`${url}?${query}`, { headers: { authorization } });
      const json: unknown = await answer.json();
      if (!answer.ok) throw new Error(`${source} answers ${answer.status} to ${query}`);
      return json;
    },
    setLatency: async (milliseconds) => void (await control('/latency', { milliseconds })),
    requests: async () => {
      const log = (await control('/log')) as readonly { readonly seq: number }[];
      return log.at(-1)?.seq ?? 0;
    },
    cameAt: async (source, method, after) => {
      const log = await control(`/log?api=${source}&method=${method}&after=${after}`);
      return (log as readonly { readonly at: number }[])[0]?.at ?? null;
    },
    close: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

/** Where a source lists its tasks, and how it is asked. */
export function listingOf(
  env: SandboxFacts['env'],
  source: SourceName,
): { readonly url: string; readonly authorization: string } {
  return source === 'invoiced'
    ? {
        url: `${env['INVOICED_BASE_URL']}/tasks`,
        authorization: `Basic ${Buffer.from(`${env['INVOICED_API_KEY']}:`).toString('base64')}`,
      }
    : {
        url: `${env['FRESHBOOKS_BASE_URL']}/accounting/account/${env['FRESHBOOKS_ACCOUNT_ID']}/projects/tasks`,
        authorization: `Bearer ${env['FRESHBOOKS_ACCESS_TOKEN']}`,
      };
}

/** A program of this folder in a process of its own. */
export function forkProgram(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), [...args], {
    execArgv: ['--import', 'tsx'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.once('error', (error) => {
    throw error;
  });
  return child;
}
