import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../servers/index.js';

test('an answer is healthy, a refusal is not, and each says why', async () => {
  const port = await serve({ '/healthz': 200, '/readyz': 503 });
  expect(await check({ HTTP_PORT: `${port}`, HTTP_HOST: '0.0.0.0' })).toEqual({
    code: 0,
    said: '200 /healthz',
  });
  expect(await check({ HTTP_PORT: `${port}` }, '/readyz')).toEqual({ code: 1, said: '503 /readyz' });
});

test('where nothing listens it is not healthy; where nothing should, it is', async () => {
  const closed = await check({ HTTP_PORT: String(await freePort()) });
  expect(closed).toMatchObject({ code: 1, said: expect.stringContaining('ECONNREFUSED') });
  expect(await check({ HTTP_PORT: 'off' })).toMatchObject({ code: 0 });
});

/** Answers each path with its status, and with itself. Gives the port. */
async function serve(statuses: Readonly<Record<string, number>>): Promise<number> {
  const server = createServer(({ url = '' }, response) => {
    response.writeHead(statuses[url] ?? 404).end(`${url}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function check(env: Record<string, string>, ...args: string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['dist/docker/health.js', ...args], { env }, (_, stdout) =>
      resolve({ code: child.exitCode ?? -1, said: stdout.trim() }),
    );
  });
}
