import type { Environment } from './settings.js';

const SECRETS = [
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'DATABASE_PASSWORD',
  'REDIS_URL',
  'INVOICED_API_KEY',
  'FRESHBOOKS_CLIENT_SECRET',
  'FRESHBOOKS_REFRESH_TOKEN',
  'FRESHBOOKS_ACCESS_TOKEN',
  'CREDENTIALS_KEY',
  'HTTP_TOKEN',
] as const;

/** Every setting that is read, in the order of the documentation. */
const NAMES: readonly string[] = [
  ...SECRETS,
  ...SECRETS.map((name) => `${name}_FILE`),
  'INVOICED_BASE_URL',
  'FRESHBOOKS_ACCOUNT_ID',
  'FRESHBOOKS_CLIENT_ID',
  'FRESHBOOKS_REDIRECT_URI',
  'FRESHBOOKS_BASE_URL',
  'POLL_EVERY',
  'SWEEP_EVERY',
  'PUSH_DELAY',
  'CONFLICT_POLICY',
  'DELETE_LIMIT',
  'HTTP_HOST',
  'HTTP_PORT',
  'BULL_BOARD',
  'REPORTING_TIME_ZONE',
  'REPORTING_WEEK_START',
  'KEEP_RUNS',
  'KEEP_WRITES',
  'KEEP_CONFLICTS',
  'KEEP_HISTORY',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'LOG_LEVEL',
];

/** Settings that nothing reads, though their names say that they are meant for us: most likely mistyped. */
export function suspiciousNames(env: Environment): readonly string[] {
  return Object.keys(env)
    .filter((name) => env[name] && !NAMES.includes(name))
    .flatMap((name) => {
      const near = NAMES.find((known) => distance(name, known) <= 2);
      if (near) return [`${name} is not a setting: did you mean ${near}?`];
      return /^(INVOICED|FRESHBOOKS)_/.test(name) ? [`${name} is not a setting, and nothing reads it.`] : [];
    });
}

/** How many letters must be changed, added or dropped to make one of the other (Levenshtein). */
export function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 2) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [column, wanted] of [...other].entries()) {
      const replace = (row[column] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(replace, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
