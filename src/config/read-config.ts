import { accountWarnings, readFreshbooks, readInvoiced, readOAuthApp } from './accounts.js';
import { type Config, LOG_LEVELS, type ReportingConfig, WEEK_DAYS } from './config.js';
import { parseCredentialsKeys } from './credentials-key.js';
import { readHttp } from './http.js';
import { type Environment, invalid, invalidSecret, type Settings, settingsOf } from './settings.js';
import { suspiciousNames } from './suspicious-names.js';

const SECOND = 1_000;
const DAY = 86_400_000;

/** Checks every setting, used now or later; throws the first fault as one line for a person. */
export function readConfig(env: Environment): Config {
  const settings = settingsOf(env);
  const credentialsKeys = parseCredentialsKeys(settings.secret('CREDENTIALS_KEY'));
  return {
    ...readServers(settings),
    invoiced: readInvoiced(settings),
    freshbooks: readFreshbooks(settings, credentialsKeys.length > 0),
    freshbooksApp: readOAuthApp(settings),
    credentialsKeys,
    pollEvery: settings.duration('POLL_EVERY', '60s', { least: SECOND / 10, most: DAY }),
    sweepEvery: settings.duration('SWEEP_EVERY', '6h', { least: SECOND, most: 20 * DAY }),
    push: settings.choice('PUSH', ['on', 'off'], 'on') === 'on',
    pushDelay: settings.duration('PUSH_DELAY', '1s', { least: 0, most: DAY }),
    conflictPolicy: settings.choice('CONFLICT_POLICY', ['remote', 'local', 'newest'], 'remote'),
    deleteLimit: readShare(settings, 'DELETE_LIMIT', '20%'),
    http: readHttp(settings),
    reporting: readReporting(settings),
    keep: {
      runs: settings.retention('KEEP_RUNS', '90d'),
      writes: settings.retention('KEEP_WRITES', '365d'),
      conflicts: settings.retention('KEEP_CONFLICTS', '365d'),
      history: settings.retention('KEEP_HISTORY', 'forever'),
    },
    otlpEndpoint: readOtlpEndpoint(settings),
    logLevel: settings.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    warnings: [...suspiciousNames(env), ...accountWarnings(settings)],
  };
}

function readServers(
  settings: Settings,
): Pick<Config, 'production' | 'databaseUrl' | 'databaseDirectUrl' | 'redisUrl'> {
  const production = settings.text('NODE_ENV') === 'production';
  const databaseUrl = readServerUrl(settings, 'DATABASE_URL', ['postgres', 'postgresql']);
  const databaseDirectUrl = readServerUrl(settings, 'DATABASE_DIRECT_URL', ['postgres', 'postgresql']);
  if (production && databaseUrl === null) {
    invalidSecret('DATABASE_URL', 'is not set: where NODE_ENV is production, name a PostgreSQL server');
  }
  if (databaseDirectUrl !== null && databaseUrl === null) {
    invalidSecret('DATABASE_DIRECT_URL', 'is set without DATABASE_URL: set both, or DATABASE_URL alone');
  }
  const password = settings.secret('DATABASE_PASSWORD');
  if (password !== null && databaseUrl === null) {
    invalidSecret('DATABASE_PASSWORD', 'is set without DATABASE_URL: set both, or neither');
  }
  return {
    production,
    databaseUrl: withPassword(databaseUrl, password),
    databaseDirectUrl: withPassword(databaseDirectUrl, password),
    redisUrl: readServerUrl(settings, 'REDIS_URL', ['redis', 'rediss']),
  };
}

/** The address holds a password, so an error doesn't repeat it. */
function readServerUrl(settings: Settings, name: string, schemes: readonly [string, string]): string | null {
  const value = settings.secret(name);
  const scheme = value?.slice(0, value.indexOf(':'));
  if (value === null || (scheme !== undefined && schemes.includes(scheme) && URL.canParse(value)))
    return value;
  return invalidSecret(name, `is not valid: use ${schemes[0]}://USER:PASSWORD@HOST:PORT/NAME`);
}

/** An address that holds a password keeps it. */
function withPassword(address: string | null, password: string | null): string | null {
  if (address === null || password === null) return address;
  const url = new URL(address);
  if (url.password === '') url.password = encodeURIComponent(password);
  if (url.password === '') {
    invalidSecret('DATABASE_PASSWORD', 'has no place in DATABASE_URL, which names no host: name one');
  }
  return url.href;
}

/** `20%` as 0.2. */
function readShare(settings: Settings, name: string, fallback: string): number {
  const value = settings.text(name) ?? fallback;
  const percent = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(value)?.[1];
  const share = percent === undefined ? Number.NaN : Number(percent) / 100;
  return share <= 1 ? share : invalid(name, value, 'use a percentage from 0% to 100%, such as 20%');
}

function readOtlpEndpoint(settings: Settings): string | null {
  const name = 'OTEL_EXPORTER_OTLP_ENDPOINT';
  const value = settings.text(name);
  if (value === null) return null;
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url && (url.username || url.password)) {
    invalidSecret(name, 'holds a user or password: put them into OTEL_EXPORTER_OTLP_HEADERS');
  }
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    return invalid(name, value, 'use the address of a collector, such as http://localhost:4318');
  }
  return url.href.replace(/\/+$/, '');
}

function readReporting(settings: Settings): ReportingConfig {
  const timeZone = settings.text('REPORTING_TIME_ZONE') ?? 'UTC';
  if (!isTimeZone(timeZone)) {
    invalid('REPORTING_TIME_ZONE', timeZone, 'use the name of a time zone, such as America/Toronto');
  }
  return { timeZone, weekStart: settings.choice('REPORTING_WEEK_START', WEEK_DAYS, 'monday') };
}

/** Names only: an offset such as +02:00 means the opposite to PostgreSQL. */
function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}
