import postgres from 'postgres';
import { migrate } from '../../../src/mirror/migrate.js';
import { startPostgres } from '../../servers/postgres.js';
import { type Ground, openGround } from './ground.js';

/** A PostgreSQL of its own with a migrated database, for runs outside of the test suite. */
export async function startGround(): Promise<Ground & { stop(): Promise<void> }> {
  const server = await startPostgres({ inMemory: true });
  const name = `model_${process.pid}`;
  const admin = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
  try {
    const sql = postgres(server.url, { max: 1, onnotice: () => {} });
    await sql`create database ${sql(name)}`;
    await sql.end();
    const url = Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
    await migrate(url);
    const ground = await openGround(url);
    return {
      ...ground,
      stop: async () => {
        await ground.close();
        await admin`drop database ${admin(name)} with (force)`;
        await admin.end();
        await server.stop();
      },
    };
  } catch (error) {
    await admin.end();
    await server.stop();
    throw error;
  }
}
