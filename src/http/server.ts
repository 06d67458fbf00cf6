import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { HttpConfig } from '../config/config.js';
import { TaskmirrorError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import { makeApp } from './app.js';
import { bounded } from './bounded.js';
import type { Parts } from './parts.js';

export interface HttpServer {
  /** `http://127.0.0.1:8080`, with the port that was taken where any free one would do. */
  readonly url: string;
  /** Takes no more connections, and ends those that are open within `CLOSE_MS`. */
  close(): Promise<void>;
}

/** Listens where the settings say. Throws `configuration` where it can't. */
export async function serve(config: HttpConfig, parts: Parts): Promise<HttpServer> {
  const app = makeApp(config, parts);
  const server = createServer(LIMITS, getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  const port = await listen(server, config);
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return {
    url: `http://${host}:${port}`,
    close: () => {
      app.close();
      return close(server, parts.runtime);
    },
  };
}

async function listen(server: Server, { host, port }: HttpConfig): Promise<number> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const cure = CURES[code] ?? 'set HTTP_HOST and HTTP_PORT to what this machine can listen on';
    const why = `can't listen on HTTP_HOST=${host}, HTTP_PORT=${port} (${code || 'unknown'}): ${cure}.`;
    throw new TaskmirrorError('configuration', why, { cause: error });
  }
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : port;
}

async function close(server: Server, runtime: Runtime): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await bounded(CLOSE_MS, closed, runtime).catch(() => server.closeAllConnections());
  await closed;
}

const CURES: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'another program has that port; stop it, or set HTTP_PORT to another port, to 0 for a free one, or to off',
  EACCES: 'this user may not take that port; set HTTP_PORT to 1024 or more',
  EADDRNOTAVAIL: 'this machine has no such address; set HTTP_HOST to one of its own',
  ENOTFOUND: 'that name is unknown; set HTTP_HOST to an address of this machine',
};

/** In milliseconds: whoever sends its request slowly holds nothing up for long. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 };
const CLOSE_MS = 500;
