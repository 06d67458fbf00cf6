import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runningPostmaster } from '../../src/embedded/postmaster.js';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'taskmirror-postmaster-'));
});
afterEach(() => rmSync(data, { recursive: true }));

const leave = (pid: number) =>
  writeFileSync(join(data, 'postmaster.pid'), `${pid}\n${data}\n1700000000\n5432\n\n127.0.0.1\n\nready   \n`);

test("a crashed server's number that another process has by now is no server, and PostgreSQL is not misled", async () => {
  leave(process.pid);
  expect(await runningPostmaster(data)).toBeNull();
  expect(existsSync(join(data, 'postmaster.pid'))).toBe(false);
});

test('the file of a server that is dead is left to PostgreSQL, which knows how to take it over', async () => {
  leave(2 ** 22 + 1);
  expect(await runningPostmaster(data)).toBeNull();
  expect(existsSync(join(data, 'postmaster.pid'))).toBe(true);
});
