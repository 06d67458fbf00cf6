import type { Config } from './config.js';
import { formatDuration } from './duration.js';

/** The effective settings for the log at start, without anything secret: of server addresses the host and name only. */
export function describeConfig(config: Config): Readonly<Record<string, string | number | boolean | null>> {
  const { invoiced, freshbooks } = config;
  return {
    database: config.databaseUrl ? withoutCredentials(config.databaseUrl) : 'embedded',
    ...(config.databaseDirectUrl ? { databaseDirect: withoutCredentials(config.databaseDirectUrl) } : {}),
    queue: config.redisUrl ? withoutCredentials(config.redisUrl) : 'database',
    invoiced: invoiced?.baseUrl ?? 'off',
    freshbooks: freshbooks ? `${freshbooks.baseUrl} account ${freshbooks.accountId}` : 'off',
    credentialsKeys: config.credentialsKeys.length,
    pollEvery: formatDuration(config.pollEvery),
    sweepEvery: formatDuration(config.sweepEvery),
    push: config.push,
    pushDelay: formatDuration(config.pushDelay),
    conflictPolicy: config.conflictPolicy,
    deleteLimit: `${Number((config.deleteLimit * 100).toFixed(3))}%`,
    ...(config.otlpEndpoint ? { traces: withoutCredentials(config.otlpEndpoint) } : {}),
    logLevel: config.logLevel,
  };
}

/** Drops user, password and parameters, which may hold a password too. */
function withoutCredentials(address: string): string {
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
}
