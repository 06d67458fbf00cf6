import type { Sandbox } from '../../../src/sandbox/index.js';
import type { Account } from '../../../src/sources/index.js';
import type { SourceName } from '../../../src/sources/source.js';
import { accountOf, connections } from '../../sync/world.js';

/** Both of a sandbox, as a process of its own is told of them. */
export function accountsOf(sandbox: Sandbox): Readonly<Partial<Record<SourceName, Account>>> {
  const accounts = connections.flatMap((name) => {
    const account = accountOf(sandbox, name);
    return account === null ? [] : [[name, account] as const];
  });
  return Object.fromEntries(accounts);
}
