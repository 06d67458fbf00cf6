/**
 * What HEALTHCHECK runs in the container: whether the daemon there answers `/healthz`, or the path that is given
 * (`/readyz`). Exits 0 or 1; `docker inspect` keeps the line that says why. On its own, since it runs every few seconds.
 */
const { HTTP_HOST, HTTP_PORT } = process.env;
const [path = '/healthz'] = process.argv.slice(2);

/** Less than HEALTHCHECK waits. */
const ANSWER_MS = 4_000;

const everywhere = ['', '0.0.0.0', '::', '[::]'];
const host = everywhere.includes(HTTP_HOST ?? '') ? '127.0.0.1' : (HTTP_HOST ?? '');
const port = HTTP_PORT?.trim() || '8080';
const url = `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}${path}`;

if (port.toLowerCase() === 'off') {
  process.stdout.write('HTTP_PORT is off, so nobody can be asked: taken for healthy.\n');
} else {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    const body = (await answer.text()).trim();
    process.stdout.write(`${answer.status} ${body}\n`);
    process.exitCode = answer.ok ? 0 : 1;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    process.stdout.write(`${url} does not answer: ${cause instanceof Error ? cause.message : cause}\n`);
    process.exitCode = 1;
  }
}
