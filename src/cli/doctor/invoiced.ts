import type { Runtime } from '../../runtime.js';
import { type InvoicedAccount, openSource, type SourceDeps } from '../../sources/index.js';
import { probe } from '../../sources/probe.js';
import { type Examined, refusalOf, writesOf } from './account.js';
import { checkClock } from './clock.js';
import { type Finding, findingsOf } from './finding.js';

const { ok } = findingsOf('account');

/** One page of tasks, which changes nothing. */
export async function checkInvoiced(
  examined: Examined,
  account: InvoicedAccount,
  deps: SourceDeps,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { name } = examined.stored;
  const client = openSource(account, deps);
  try {
    const serverTime = await probe(client, runtime.now(), signal);
    const writes = writesOf(examined);
    return [
      ...(writes.length > 0 ? writes : [ok(name, `Invoiced answers at ${account.baseUrl}.`)]),
      ...checkClock(`Invoiced (${name})`, serverTime, runtime.now()),
    ];
  } catch (error) {
    return [refusalOf(name, error)];
  } finally {
    await client.close();
  }
}
