import { isLoopback } from './address.js';
import { BULL_BOARD, type HttpConfig } from './config.js';
import { invalid, invalidSecret, type Settings } from './settings.js';

/** Where the status page and the metrics are served; null for `HTTP_PORT=off`. */
export function readHttp(settings: Settings): HttpConfig | null {
  const host = settings.text('HTTP_HOST') ?? '127.0.0.1';
  const token = settings.secret('HTTP_TOKEN');
  const port = readPort(settings.text('HTTP_PORT') ?? '8080');
  const bullBoard = settings.choice('BULL_BOARD', BULL_BOARD, 'read');
  if (port === null) return null;
  if (!/^[A-Za-z0-9.:_-]+$/.test(host))
    invalid('HTTP_HOST', host, 'use an address such as 127.0.0.1 or 0.0.0.0');
  if (token === null && !isLoopback(host)) {
    invalidSecret(
      'HTTP_TOKEN',
      `is not set, but HTTP_HOST=${host} can be reached from elsewhere: set a token, or HTTP_HOST=127.0.0.1`,
    );
  }
  return { host, port, token, bullBoard };
}

function readPort(value: string): number | null {
  if (value.toLowerCase() === 'off') return null;
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  return port <= 65_535 ? port : invalid('HTTP_PORT', value, 'use a port from 0 to 65535, or off');
}
