import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import postgres from 'postgres';
import { freePort, makePlace, startGuarded } from './guarded.js';
import { librariesIn, unpackPackages } from './packages.js';
import { until } from './until.js';

export interface TestPooler {
  /** A database's address through the pooler. */
  through(url: string): string;
  stop(): Promise<void>;
}

/** PgBouncer in transaction mode before a server of the tests, with so many connections to each database. Installed, or unpacked for this run. */
export async function startPgbouncer(serverUrl: string, poolSize: number): Promise<TestPooler> {
  const place = makePlace('pgbouncer');
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  const installed = folders.map((folder) => join(folder, 'pgbouncer')).find((path) => existsSync(path));
  const root =
    installed === undefined
      ? unpackPackages(place, ['pgbouncer', 'libc-ares2', 'libevent-2.1-7'], 'PgBouncer', 'install pgbouncer')
      : null;
  const command = installed ?? join(root ?? '', 'usr/sbin/pgbouncer');
  const libraries = root === null ? null : librariesIn(root);
  const { hostname, port: serverPort, username } = new URL(serverUrl);
  const port = await freePort();
  writeFileSync(join(place.folder, 'users.txt'), `"${username}" ""\n`);
  writeFileSync(
    join(place.folder, 'pgbouncer.ini'),
    `[databases]
* = host=${hostname} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(place.folder, 'users.txt')}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 500
`,
  );
  const server = startGuarded(place, 'INT', [
    ...(libraries === null ? [] : ['env', `LD_LIBRARY_PATH=${libraries}`]),
    command,
    join(place.folder, 'pgbouncer.ini'),
  ]);
  const through = (url: string) =>
    Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).href;
  try {
    await until('PgBouncer answers', () => answers(through(serverUrl)));
  } catch (error) {
    const output = server.output();
    await server.stop();
    throw new Error(`PgBouncer for the tests did not start (${output})`, { cause: error });
  }
  return { through, stop: server.stop };
}

async function answers(url: string): Promise<true> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, prepare: false });
  try {
    await sql`select 1`;
    return true;
  } finally {
    await sql.end();
  }
}
