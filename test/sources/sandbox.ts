import { onTestFinished } from 'vitest';
import { type Runtime, systemRuntime } from '../../src/runtime.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.js';
import { openSource, type RequestEvent, type SourceDeps } from '../../src/sources/index.js';
import type { Decoded, Page, RemoteTask, SourceClient } from '../../src/sources/source.js';
import type { TokenStore, Tokens } from '../../src/sources/tokens.js';

export const never = new AbortController().signal;

/** Real time, but pauses between tries are short enough for tests. */
const limits = { pauseMs: 4, maxPauseMs: 20 };

/** What hangs is given up soon; all else has its usual time, however slow the machine. */
export const patienceWith = ({ kind }: { readonly kind: string }) =>
  kind === 'hang' ? { totalMs: 1_000 } : {};

export async function sandboxFor(options: SandboxOptions): Promise<Sandbox> {
  const sandbox = await startSandbox(options);
  onTestFinished(() => sandbox.close());
  return sandbox;
}

export type OpenClient = SourceClient & { readonly events: readonly RequestEvent[] };

export function openInvoiced(sandbox: Sandbox, deps: Partial<SourceDeps> = {}): OpenClient {
  const { url, apiKey } = sandbox.invoiced;
  return opened((rest) => openSource({ source: 'invoiced', baseUrl: url, apiKey }, rest), sandbox, deps);
}

export function openFreshbooks(sandbox: Sandbox, deps: Partial<SourceDeps> = {}): OpenClient {
  const { url: baseUrl, accountId, clientId, clientSecret, redirectUri } = sandbox.freshbooks;
  const account = { source: 'freshbooks', baseUrl, accountId, clientId, clientSecret, redirectUri } as const;
  return opened((rest) => openSource(account, rest), sandbox, { tokens: tokensIn(sandbox), ...deps });
}

function opened(
  open: (deps: SourceDeps) => SourceClient,
  sandbox: Sandbox,
  deps: Partial<SourceDeps>,
): OpenClient {
  const events: RequestEvent[] = [];
  let clock = 0;
  const client = open({
    runtime: onClockOf(sandbox),
    observe: async () => ++clock,
    share: 'walk',
    onRequest: (event) => events.push(event),
    ...deps,
    limits: { ...limits, ...deps.limits },
  });
  onTestFinished(() => client.close());
  return { ...client, events };
}

/** The sandbox's clock, so that tokens expire when they should; pauses are real. */
export function onClockOf(sandbox: Sandbox): Runtime {
  return { ...systemRuntime, now: () => sandbox.clock.now() };
}

export interface MemoryTokens extends TokenStore {
  readonly tokens: Tokens;
  /** How often the refresh token was traded in. */
  readonly rotations: number;
}

/** The contract of a token store, for any number of clients of one process: one rotation at a time, never from an old pair. */
export function tokensIn(sandbox: Sandbox, first: Partial<Tokens> = {}): MemoryTokens {
  let tokens: Tokens = {
    accessToken: null,
    refreshToken: sandbox.freshbooks.refreshToken,
    expiresAt: 0,
    ...first,
  };
  let rotations = 0;
  let turn: Promise<unknown> = Promise.resolve();
  return {
    get tokens() {
      return tokens;
    },
    get rotations() {
      return rotations;
    },
    read: async () => tokens,
    rotate: (seen, refresh) => {
      const mine = turn.then(async () => {
        if (tokens.refreshToken !== seen.refreshToken) return tokens;
        tokens = await refresh(tokens);
        rotations += 1;
        return tokens;
      });
      turn = mine.catch(() => {});
      return mine;
    },
  };
}

export async function pagesOf(listing: AsyncIterable<Page>): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const page of listing) pages.push(page);
  return pages;
}

/** The tasks of all pages by id, the last seen of each; fails where a row could not be read. */
export function tasksById(pages: readonly Page[]): Map<number, RemoteTask> {
  return new Map(pages.flatMap((page) => page.tasks.map(taskIn)).map((task) => [task.id, task]));
}

export function taskIn(decoded: Decoded): RemoteTask {
  if (decoded.ok) return decoded.task;
  throw new Error(`task ${decoded.id} could not be read: ${decoded.reason}`);
}
