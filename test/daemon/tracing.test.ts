import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { makeFolder } from '../cli/command.js';
import { isReady, muteServer, serveDaemon, worldOn } from '../http/daemon.js';
import { freePort, until } from '../servers/index.js';
import { runProgram } from './process.js';

// Processes of their own, where the machine is busy.
vi.setConfig({ testTimeout: 90_000 });
const LONGEST_MS = 30_000;

test.each(['postgres', 'redis'] as const)(
  'with a collector named, the spans of jobs on %s go there, with names and no secret',
  async (queue) => {
    const { env } = await worldOn(queue);
    const collector = await startCollector();
    const daemon = await serveDaemon({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await until('it is ready', () => isReady(daemon), LONGEST_MS);
    // What is left is sent when it stops.
    await until(
      'it has polled',
      async () =>
        /taskmirror_runs_total\{kind="poll",outcome="ok"\} [1-9]/.test((await daemon.get('/metrics')).text),
      LONGEST_MS,
    );
    daemon.program.kill('SIGTERM');
    expect(await daemon.program.ended).toBe(0);
    const names = collector.spans().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([expect.stringContaining('process taskmirror-poll')]));
    const sent = collector.bodies().join('');
    expect(sent).toContain('"service.name","value":{"stringValue":"taskmirror"}');
    for (const name of ['INVOICED_API_KEY', 'FRESHBOOKS_CLIENT_SECRET', 'FRESHBOOKS_REFRESH_TOKEN'])
      expect(sent).not.toContain(env[name]);
  },
);

test('a collector that takes connections and never answers does not hold the stop up', async () => {
  const { env } = await worldOn('postgres');
  const daemon = await serveDaemon({
    ...env,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await muteServer()}`,
  });
  await until('it is ready', () => isReady(daemon), LONGEST_MS);
  const asked = performance.now();
  daemon.program.kill('SIGTERM');
  expect(await daemon.program.ended).toBe(0);
  expect(performance.now() - asked).toBeLessThan(10_000);
});

test('without its packages it ends with 2 and says what to install; without the setting nothing is loaded', async () => {
  const folder = makeFolder();
  const hook = join(folder, 'without.mjs');
  // Resolves as if they had not been installed.
  writeFileSync(
    hook,
    `import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(\`export function resolve(name, context, next) {
      return next(/^(bullmq-otel|@opentelemetry.(sdk|exporter))/.test(name) ? 'not-installed' : name, context);
    }\`));`,
  );
  const { env } = await worldOn('postgres');
  const without = { ...env, NODE_OPTIONS: `--import=${hook}` };
  const OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${await freePort()}`;
  const program = runProgram(['start'], { env: { ...without, OTEL_EXPORTER_OTLP_ENDPOINT }, folder });
  expect(await program.ended).toBe(2);
  expect(program.errors()).toContain('npm install --no-save bullmq-otel');
  const daemon = await serveDaemon(without);
  await until('it is ready', () => isReady(daemon), LONGEST_MS);
});

async function startCollector() {
  const bodies: string[] = [];
  const server = createServer((request, answer) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      if (request.url === '/v1/traces') bodies.push(body);
      answer.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const spans = () =>
    bodies
      .flatMap((body) => JSON.parse(body).resourceSpans)
      .flatMap(({ scopeSpans }) => scopeSpans)
      .flatMap(({ spans }) => spans as readonly { readonly name: string }[]);
  return { url: `http://127.0.0.1:${port}`, bodies: () => bodies, spans };
}
