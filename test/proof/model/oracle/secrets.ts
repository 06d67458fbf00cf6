import { sql } from 'drizzle-orm';
import type { ModelWorld } from '../world.js';

/** I12: no secret in a log line, or in a dump of the database. */
export async function secretsShown({
  aside,
  logged,
  secrets,
  source,
  trace,
}: ModelWorld): Promise<readonly string[]> {
  const tables = [
    'connections',
    'credentials',
    'runs',
    'writes',
    'conflicts',
    'walks',
    'unreadable',
    'held_deletions',
  ];
  const dumps = await Promise.all(
    [...tables.map((table) => `sync.${table}`), `${source}.tasks`].map(async (table) => {
      const [row] = await aside.rows<{ dump: string | null }>(
        sql`select string_agg(to_jsonb(t)::text, E'\n') as dump from ${sql.raw(table)} t`,
      );
      return [`the dump of ${table}`, row?.dump ?? ''] as const;
    }),
  );
  const places = [
    ...dumps,
    ['a log line', logged.join('\n')] as const,
    ["a job's result", trace.join('\n')] as const,
  ];
  return places.flatMap(([place, text]) =>
    [...secrets].some((secret) => secret !== '' && text.includes(secret)) ? [`${place} shows a secret`] : [],
  );
}
