import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RunningServer {
  readonly url: string;
  /** Takes no more requests, ends the open ones, hung or not, and waits until the last one is dealt with. */
  close(): Promise<void>;
}

export type Serve = (
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
) => Promise<void>;

/** Longer than any client keeps a connection that it means to use again. */
const keepAlive = 120_000;

/** An HTTP server on its own port. `serve` must stop when the signal is aborted; it may reject then. */
export async function openServer(host: string, port: number, serve: Serve): Promise<RunningServer> {
  const stop = new AbortController();
  // One for each request that waits: no leak, however many.
  setMaxListeners(0, stop.signal);
  const running = new Set<Promise<void>>();
  const server = createServer({ keepAliveTimeout: keepAlive }, (request, response) => {
    const served = serve(request, response, stop.signal)
      .catch(() => {
        response.destroy();
      })
      .finally(() => running.delete(served));
    running.add(served);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    url: urlOf(host, server.address()),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      stop.abort();
      server.closeAllConnections();
      await Promise.all([closed, ...running]);
    },
  };
}

/** A server that listens everywhere is reached by the loopback address. */
function urlOf(host: string, address: string | AddressInfo | null): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
