import { Redis } from 'ioredis';

/** What of a Redis server matters to a queue. */
export interface RedisFacts {
  /** `7.0.15`; a Valkey tells the version that it is compatible with. */
  readonly version: string;
  readonly evictionPolicy: string | null;
  /** Whether it keeps its data over a restart, by an append-only file or by snapshots; null where it doesn't tell. */
  readonly persistent: boolean | null;
}

/** Asks a server, within seconds. Throws where it can't be reached or refuses us. */
export async function inspectRedis(url: string): Promise<RedisFacts> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 3_000,
    commandTimeout: 5_000,
  });
  let lastError: unknown;
  redis.on('error', (error) => {
    lastError = error;
  });
  try {
    await redis.connect();
    const info = await redis.info();
    const value = (name: string): string | null => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? null;
    // A managed server may not let its configuration be read.
    const save = await redis.config('GET', 'save').then(textOf, () => null);
    const appends = value('aof_enabled');
    const persistent = appends === '1' ? true : save === null ? null : save !== '';
    return { version: value('redis_version') ?? '0', evictionPolicy: value('maxmemory_policy'), persistent };
  } catch (error) {
    throw lastError ?? error;
  } finally {
    redis.disconnect();
  }
}

const textOf = (answer: unknown): string | null =>
  Array.isArray(answer) && typeof answer[1] === 'string' ? answer[1] : null;
