import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { until } from '../servers/until.js';
import { ask, isRunning, leaveGround, makeFolder, NOBODY, openAs, serverPid, type User } from './people.js';

// Durable as it is, a busy disk makes it slow.
vi.setConfig({ testTimeout: 120_000 });

const asRoot = process.getuid?.() === 0;
const USERS: readonly (readonly [string, User])[] = [
  [asRoot ? 'root, whose server runs as another user' : 'an ordinary user', {}],
  ...(asRoot ? [['an ordinary user', NOBODY] as const] : []),
];

afterAll(leaveGround);

// One folder for all, each test finds and leaves the server stopped; the last two spoil the data.
describe.each(USERS)('opened by %s', (_, user) => {
  const { path: folder, remove } = makeFolder();
  beforeAll(() => {
    // Nobody else can enter it, as a home folder often is.
    chmodSync(dirname(folder), 0o700);
    if (user.uid && user.gid) chownSync(dirname(folder), user.uid, user.gid);
  });
  afterAll(() => remove());

  test('several that begin at once where nothing is share one server, and the last to leave stops it', async () => {
    const people = await Promise.all([1, 2, 3].map(() => openAs(folder, user)));
    expect(new Set(people.map((person) => person.url)).size).toBe(1);
    const pid = serverPid(folder);
    const [last, ...others] = people;
    await Promise.all(others.map((person) => person.close()));
    expect(await ask(last?.url ?? '', 'select 1 as still')).toEqual([{ still: 1 }]);
    await last?.close();
    expect(isRunning(pid)).toBe(false);
    expect(statSync(dirname(folder)).mode & 0o777).toBe(0o700);
  });

  test('it is UTF-8, durable, on loopback only, and asks for a password that only its user can read', async () => {
    const person = await openAs(folder, user);
    const [row] = await ask(
      person.url,
      `select current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
              current_setting('listen_addresses') as host, upper('é') as upper`,
    );
    expect(row).toEqual({ encoding: 'UTF8', fsync: 'on', host: '127.0.0.1', upper: 'É' });
    const without = Object.assign(new URL(person.url), { password: 'wrong' }).href;
    await expect(ask(without, 'select 1')).rejects.toThrow(/password authentication failed/);
    const file = statSync(join(folder, 'postgres/password'));
    expect({ mode: file.mode & 0o777, uid: file.uid }).toEqual({
      mode: 0o600,
      uid: user.uid ?? process.getuid?.(),
    });
    await person.close();
  });

  test('what a killed or interrupted process leaves running, the next one finds and stops', async () => {
    const killed = await openAs(folder, user);
    const pid = serverPid(folder);
    await killed.kill();
    const interrupted = await openAs(folder, user);
    await interrupted.pressCtrlC();
    const next = await openAs(folder, user);
    expect([interrupted.url, next.url]).toEqual([killed.url, killed.url]);
    expect(await ask(next.url, 'select 1 as still')).toEqual([{ still: 1 }]);
    await next.close();
    expect(isRunning(pid)).toBe(false);
  });

  test('one that begins while the last one leaves gets a server that stays', async () => {
    const leaving = await openAs(folder, user);
    const [staying] = await Promise.all([openAs(folder, user), leaving.close()]);
    expect(await ask(staying.url, 'select 1 as still')).toEqual([{ still: 1 }]);
    await staying.close();
  });

  test('after a crash of the server, what was committed is there', async () => {
    const person = await openAs(folder, user);
    await ask(person.url, 'create table kept as select 42 as answer');
    const pid = serverPid(folder);
    process.kill(pid, 'SIGKILL');
    await until('the server is gone', () => !isRunning(pid));
    await person.close();
    const next = await openAs(folder, user);
    expect(await ask(next.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await next.close();
  });

  test('a server that cannot start says why', async () => {
    const settings = join(folder, 'postgres/data/postgresql.auto.conf');
    const before = readFileSync(settings, 'utf8');
    writeFileSync(settings, `${before}\nmax_connections = 'many'\n`);
    await expect(openAs(folder, user)).rejects.toThrow(/does not start .*max_connections.*DATABASE_URL/);
    writeFileSync(settings, before);
  });

  test('data of another major version is not touched', async () => {
    writeFileSync(join(folder, 'postgres/data/PG_VERSION'), '9\n');
    await expect(openAs(folder, user)).rejects.toThrow(/made by PostgreSQL 9, .* set DATABASE_URL/);
  });
});

// Nobody but root can act as two users.
if (asRoot)
  describe('root and an ordinary user', () => {
    test("root uses the other's data as that user", async () => {
      const { path: folder, remove } = makeFolder();
      chownSync(dirname(folder), NOBODY.uid, NOBODY.gid);
      await (await openAs(folder, NOBODY)).close();
      const root = await openAs(folder);
      expect(statSync(`/proc/${serverPid(folder)}`).uid).toBe(NOBODY.uid);
      await root.close();
      await (await openAs(folder, NOBODY)).close();
      remove();
    });

    test("the other is told that root's data is not his", async () => {
      const { path: folder, remove } = makeFolder();
      chmodSync(dirname(folder), 0o755);
      mkdirSync(folder);
      await (await openAs(folder)).close();
      await expect(openAs(folder, NOBODY)).rejects.toThrow(/belongs to another user/);
      remove();
    });
  });
