import { systemRuntime } from '../runtime.js';
import type { SandboxApi, SandboxWorld } from './api.js';
import { createChance } from './chance.js';
import { createClock } from './clock.js';
import { serveControl } from './control.js';
import { createFaults } from './faults.js';
import { createFreshBooksApi, type FreshBooksApi } from './freshbooks/index.js';
import { createInvoicedAccounts } from './invoiced/accounts.js';
import type { InvoicedApi } from './invoiced/index.js';
import { serveApi } from './listener.js';
import { createRequestLog } from './request-log.js';
import type { FreshBooksSandbox, InvoicedAccountSandbox, Sandbox, SandboxOptions } from './sandbox.js';
import { openServer, type RunningServer, type Serve } from './server.js';
import { type SnapshotFile, snapshotFile, unreadable } from './snapshot-file.js';
import { restoreSnapshot, takeSnapshot } from './state.js';

export type * from './fault.js';
export { people } from './people.js';
export type * from './sandbox.js';

const loopback = '127.0.0.1';

/** Starts both simulated APIs and their control surface, each on a port of its own. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const runtime = options.runtime ?? systemRuntime;
  const clock = createClock(runtime, options.startAt);
  const chance = createChance(options.seed ?? 1);
  const world: SandboxWorld = { now: clock.now, random: chance.random };
  const invoiced = createInvoicedAccounts(world, [options.invoiced?.options, ...furtherOptions(options)]);
  const furtherAccounts = Object.keys(options.freshbooks?.further ?? {});
  const freshbooks = createFreshBooksApi(world, { furtherAccounts, ...options.freshbooks?.options });
  const parts = { clock, chance, apis: [invoiced, freshbooks] };
  const file = snapshotFileOf(options, () => takeSnapshot(parts), runtime);
  const faults = createFaults();
  const log = createRequestLog(options.logSize ?? 2000);
  let latency = options.latency ?? 0;

  const restored = await restoreFrom(file, options.snapshotFile ?? '', (snapshot) =>
    restoreSnapshot(parts, snapshot),
  );
  if (!restored) {
    for (const [index, { people }] of invoiced.accounts.entries()) {
      const { tasks } =
        index === 0 ? (options.invoiced ?? {}) : (options.invoiced?.further?.[index - 1] ?? {});
      people.seed({ count: tasks ?? 0 });
    }
    freshbooks.people.seed({ count: options.freshbooks?.tasks ?? 0 });
    for (const [account, tasks] of Object.entries(options.freshbooks?.further ?? {})) {
      freshbooks.peopleOf(account).seed({ count: tasks });
    }
  }

  const serve = (api: SandboxApi) =>
    serveApi({ api, faults, log, now: clock.now, latency: () => latency, runtime });
  const control: { serve: Serve } = { serve: async () => {} };
  const at = options.host ?? loopback;
  const servers = await openAll([
    [at, options.invoiced?.port ?? 0, serve(invoiced)],
    [at, options.freshbooks?.port ?? 0, serve(freshbooks)],
    [loopback, options.controlPort ?? 0, (...exchange) => control.serve(...exchange)],
  ]);
  const [invoicedUrl = '', freshbooksUrl = '', controlUrl = ''] = servers.map(({ url }) => url);
  const stopSaving = new AbortController();
  const saving = file?.keep(options.saveEvery ?? 1000, stopSaving.signal);
  saving?.catch(() => {}); // Told to whoever closes.

  const sandbox: Sandbox = {
    invoiced: Object.assign(invoicedHandle(invoiced.accounts[0], invoicedUrl), {
      further: invoiced.accounts.slice(1).map((account) => invoicedHandle(account, invoicedUrl)),
    }),
    freshbooks: freshbooksHandle(freshbooks, freshbooksUrl, restored, options.keepConsent ?? false),
    random: chance.random,
    clock,
    faults,
    log,
    controlUrl,
    setLatency(milliseconds) {
      latency = milliseconds;
    },
    // By way of JSON: neither side can change what the other holds.
    snapshot: () => JSON.parse(JSON.stringify(takeSnapshot(parts))),
    restore: (snapshot) => restoreSnapshot(parts, structuredClone(snapshot)),
    save: async () => file?.write(),
    async close() {
      await Promise.all(servers.map((server) => server.close()));
      stopSaving.abort();
      await saving;
    },
  };
  control.serve = serveControl(sandbox);
  return sandbox;
}

const furtherOptions = ({ invoiced }: SandboxOptions) =>
  (invoiced?.further ?? []).map(({ apiKey, options }) => ({ ...options, apiKey }));

function invoicedHandle({ options, people }: InvoicedApi, url: string): InvoicedAccountSandbox {
  return {
    url,
    get apiKey() {
      return options.apiKey;
    },
    options,
    people,
  };
}

function freshbooksHandle(
  { options, people, peopleOf, oauth }: FreshBooksApi,
  url: string,
  restored: boolean,
  keepConsent: boolean,
): FreshBooksSandbox {
  const { accountId, clientId, clientSecret, redirectUri } = options;
  const kept = keepConsent ? oauth.refreshToken() : null;
  const refreshToken = restored ? (kept ?? oauth.grant().refresh_token) : (options.refreshToken ?? '');
  return {
    url,
    accountId,
    clientId,
    clientSecret,
    redirectUri,
    refreshToken,
    options,
    people,
    peopleOf,
    oauth,
  };
}

function snapshotFileOf(
  options: SandboxOptions,
  take: () => unknown,
  runtime = systemRuntime,
): SnapshotFile | undefined {
  return options.snapshotFile === undefined ? undefined : snapshotFile(options.snapshotFile, take, runtime);
}

async function restoreFrom(
  file: SnapshotFile | undefined,
  path: string,
  restore: (snapshot: unknown) => void,
): Promise<boolean> {
  const snapshot = await file?.read();
  if (snapshot === undefined) return false;
  try {
    restore(snapshot);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return true;
}

/** All or none: if one port is taken, the others are given back. */
async function openAll(
  wanted: readonly (readonly [host: string, port: number, serve: Serve])[],
): Promise<readonly RunningServer[]> {
  const opened = await Promise.allSettled(wanted.map((server) => openServer(...server)));
  const servers = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = opened.find((result) => result.status === 'rejected');
  if (!failed) return servers;
  await Promise.all(servers.map((server) => server.close()));
  throw failed.reason;
}
