import type { Config } from '../../config/config.js';
import { accountOf, declarationsOf, tokenStoreOf } from '../../daemon/accounts.js';
import { readAccounts, type StoredAccount } from '../../mirror/accounts.js';
import { listConnections } from '../../mirror/connections.js';
import type { Database } from '../../mirror/database.js';
import { lastWriteStatus } from '../../mirror/inspect.js';
import { createSealer, type Sealer } from '../../mirror/sealing.js';
import type { Cli } from '../cli.js';
import { sourceDeps } from '../connections/source-deps.js';
import type { Examined } from './account.js';
import { type Finding, findingsOf } from './finding.js';
import { checkFreshbooks } from './freshbooks.js';
import { checkInvoiced } from './invoiced.js';

const { skipped, failed } = findingsOf('account');

/** Every connection, each for itself: one that hangs or fails says nothing of the others. */
export async function checkAccounts(db: Database, config: Config, cli: Cli): Promise<readonly Finding[]> {
  const sealer = config.credentialsKeys.length > 0 ? createSealer(config.credentialsKeys) : null;
  const [known, last] = [await listConnections(db), await lastWriteStatus(db)];
  const found = await Promise.all(
    (await allAccounts(db, config)).map((stored) => {
      const connection = known.find(({ name }) => name === stored.name);
      return checkOne(
        {
          stored,
          paused: (connection?.paused ?? false) || (connection?.strayed ?? false),
          problem: connection?.problem ?? null,
          lastWrite: last.get(stored.name) ?? null,
        },
        db,
        config,
        sealer,
        cli,
      );
    }),
  );
  if (found.length > 0) return found.flat();
  return [
    failed(
      'accounts',
      'There is none.',
      'Add one: taskmirror connections add, or set INVOICED_API_KEY or FRESHBOOKS_ACCOUNT_ID.',
    ),
  ];
}

/** Also those of the environment that no start has made known yet. */
async function allAccounts(db: Database, config: Config): Promise<readonly StoredAccount[]> {
  const stored = await readAccounts(db);
  const missing = declarationsOf(config).filter(({ name }) => !stored.some((one) => one.name === name));
  const named = missing.map(
    ({ name }): StoredAccount => ({
      name,
      source: name === 'invoiced' ? name : 'freshbooks',
      origin: 'environment',
      address: null,
      accountId: null,
      credential: null,
    }),
  );
  return [...stored, ...named];
}

async function checkOne(
  examined: Examined,
  db: Database,
  config: Config,
  sealer: Sealer | null,
  cli: Cli,
): Promise<readonly Finding[]> {
  const { stored, problem } = examined;
  const { name, credential } = stored;
  const account = open();
  if (account === 'closed')
    return [failed(name, "Its secret can't be opened.", 'See CREDENTIALS_KEY above.')];
  if (account === null) {
    return stored.origin === 'environment'
      ? [skipped(name, 'Its secret is not in this environment: run doctor where the worker runs.')]
      : [failed(name, 'Nobody has consented yet, or chosen its account.', `Run: taskmirror connect ${name}`)];
  }
  const deps = sourceDeps(cli, db);
  const { runtime, signal } = cli;
  const findings = await ask();
  const told = findings.some(({ state }) => state === 'failed' || state === 'skipped');
  if (problem === null || told) return findings;
  return [
    failed(
      name,
      `Its last run stopped: ${problem}`,
      'It answers now: if the problem stays in status, do what it says.',
    ),
  ];

  async function ask(): Promise<readonly Finding[]> {
    if (account === null || account === 'closed') return [];
    if (account.source === 'invoiced') return checkInvoiced(examined, account, deps, runtime, signal);
    if (credential === null) return notUsedYet(name, config);
    const tokens = tokenStoreOf(stored, account, db, sealer);
    return tokens === null ? [] : checkFreshbooks(examined, account, tokens, deps, runtime, signal);
  }

  function open() {
    try {
      return accountOf(stored, config, sealer);
    } catch {
      return 'closed' as const;
    }
  }
}

/** A token of the environment is stored by the first start, and works once: it is not used up here. */
function notUsedYet(name: string, { freshbooks }: Config): readonly Finding[] {
  if (freshbooks?.refreshToken || freshbooks?.accessToken) {
    return [
      skipped(
        name,
        'Its first start takes the consent from the environment; until then nothing is asked.',
        'Start it, then run doctor again.',
      ),
    ];
  }
  return [failed(name, 'There is no consent yet.', `Run: taskmirror connect ${name}`)];
}
