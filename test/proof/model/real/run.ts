import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { openDatabase } from '../../../../src/mirror/database.js';
import { migrate } from '../../../../src/mirror/migrate.js';
import { startPostgres } from '../../../servers/postgres.js';
import { startRedis } from '../../../servers/redis.js';
import { installClock } from '../clock.js';
import type { Played } from '../play.js';
import { playReal } from './play.js';

/** Plays real histories one after the other, each with a database of its own, until `goesOn` says no. */
export async function playAllReal(
  first: number,
  goesOn: (played: number) => boolean,
  tell: (seed: number, played: Played) => void,
): Promise<void> {
  const [server, redis] = await Promise.all([startPostgres(), startRedis()]);
  const admin = postgres(server.url, { max: 1, onnotice: () => {} });
  try {
    for (let seed = first; goesOn(seed - first); seed++) {
      const name = `real_${process.pid}_${seed}`;
      await admin`create database ${admin(name)}`;
      const url = Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
      await migrate(url);
      await installClock(url, 'running');
      const db = openDatabase(url, { applicationName: 'taskmirror model' });
      let ahead = 0;
      const wind = async (milliseconds: number) => {
        ahead += milliseconds;
        await db.rows(sql`select setval('model_clock.tick', ${ahead * 1000 + 1}::bigint)`);
      };
      try {
        tell(seed, await playReal({ db, redisUrl: redis.url, wind }, seed, ACTS));
      } finally {
        await db.close();
        await admin`drop database ${admin(name)} with (force)`;
      }
    }
  } finally {
    await admin.end();
    await Promise.all([server.stop(), redis.stop()]);
  }
}

/** What happens in one history. */
const ACTS = 60;
