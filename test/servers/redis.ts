import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { freePort, makePlace, type Place, startGuarded } from './guarded.js';
import { librariesIn, unpackPackages } from './packages.js';
import { until } from './until.js';

export interface TestRedis {
  readonly url: string;
  /** What it runs; null for a server that was given to us. */
  readonly program: RedisProgram | null;
  stop(): Promise<void>;
}

/** One that was unpacked is in the folder of the server that it was unpacked for, and goes with it. */
export interface RedisProgram {
  readonly command: string;
  readonly libraries: string | null;
}

/** The server named by TEST_REDIS_URL, or one of our own. */
export async function startRedis(): Promise<TestRedis> {
  const given = process.env['TEST_REDIS_URL'];
  return given ? { url: given, program: null, stop: async () => {} } : startOwnRedis();
}

/** Runs this program, else one that is installed, else one unpacked from Debian's packages into the server's own folder. */
export async function startOwnRedis(known: RedisProgram | null = null): Promise<TestRedis> {
  const place = makePlace('redis');
  const program = known ?? installed() ?? unpacked(place);
  const port = await freePort();
  const server = startGuarded(place, 'TERM', [
    ...(program.libraries ? ['env', `LD_LIBRARY_PATH=${program.libraries}`] : []),
    program.command,
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', place.folder],
    ...['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
  ]);
  try {
    await until('Redis answers', () => ping(port));
  } catch (error) {
    const output = server.output();
    await server.stop();
    throw new Error(`Redis for the tests did not start (${output})`, { cause: error });
  }
  return { url: `redis://127.0.0.1:${port}`, program, stop: server.stop };
}

function installed(): RedisProgram | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const commands = folders.flatMap((folder) =>
    ['redis-server', 'valkey-server'].map((name) => join(folder, name)),
  );
  const command = commands.find((path) => existsSync(path));
  return command ? { command, libraries: null } : null;
}

function unpacked(place: Place): RedisProgram {
  // The server's program is in the package of the tools, which a machine may have without the server.
  const root = unpackPackages(
    place,
    ['redis-server', 'redis-tools'],
    'Redis',
    'install redis-server or valkey-server, or set TEST_REDIS_URL',
  );
  return { command: join(root, 'usr/bin/redis-server'), libraries: librariesIn(root) };
}

function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
  });
}
