import { once } from 'node:events';
import { startSandbox } from '../../src/sandbox/index.js';
import { furtherKey, type SandboxFacts, type SandboxWish } from './sandbox.js';

/** Both simulated APIs in a process of their own, so that their work is not the worker's. Ends with its parent. */
const [wish = '{}'] = process.argv.slice(2);
const { invoiced = 0, freshbooks = 0, latency = 0, further = [] } = JSON.parse(wish) as SandboxWish;

/** A limit that is never met: the sandbox counts over all accounts what the API counts for each key. */
const NEVER = 1_000_000;

const sandbox = await startSandbox({
  latency,
  logSize: 10,
  invoiced: {
    tasks: invoiced,
    further: further.map((tasks, n) => ({ apiKey: furtherKey(n), tasks, options: { maxInFlight: NEVER } })),
  },
  // A limit that is never met: with none the answers would tell the usual one.
  freshbooks: { tasks: freshbooks, options: { rateLimit: 1_000_000_000 } },
});
const { url, accountId, clientId, clientSecret, redirectUri, refreshToken } = sandbox.freshbooks;
const facts: SandboxFacts = {
  controlUrl: sandbox.controlUrl,
  env: {
    CREDENTIALS_KEY: Buffer.alloc(32, 7).toString('base64'),
    INVOICED_API_KEY: sandbox.invoiced.apiKey,
    INVOICED_BASE_URL: sandbox.invoiced.url,
    FRESHBOOKS_ACCOUNT_ID: accountId,
    FRESHBOOKS_BASE_URL: url,
    FRESHBOOKS_CLIENT_ID: clientId,
    FRESHBOOKS_CLIENT_SECRET: clientSecret,
    FRESHBOOKS_REDIRECT_URI: redirectUri,
    FRESHBOOKS_REFRESH_TOKEN: refreshToken,
    FRESHBOOKS_ACCESS_TOKEN: 'sandbox-access-token',
  },
};
process.send?.(facts);
await once(process, 'disconnect');
await sandbox.close();
