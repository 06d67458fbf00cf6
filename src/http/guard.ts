import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { isLoopback } from '../config/address.js';

/** What probers ask without a secret. */
const OPEN = new Set(['/healthz', '/readyz']);

/**
 * Who may ask. With a token: whoever shows it, as a bearer or as the password of HTTP Basic, which browsers ask a person for.
 * Without one the server listens on loopback only, and answers to its names alone: a foreign page whose name was made to
 * lead here (DNS rebinding) sends that name. A page of another origin changes nothing and loads nothing: it may lead a person here,
 * and that is all.
 */
export function guard(token: string | null): MiddlewareHandler {
  const expected = token === null ? null : digest(token);
  return async (c, next) => {
    if (OPEN.has(c.req.path)) return next();
    const { authorization, host } = c.req.header();
    if (expected !== null) {
      const shown = tokenOf(authorization ?? '');
      // Digests are of one length, and comparing them takes the same time wherever they differ.
      if (shown === null || !timingSafeEqual(digest(shown), expected)) {
        return c.text(UNAUTHORIZED, 401, { 'www-authenticate': 'Basic realm="taskmirror", charset="UTF-8"' });
      }
    } else if (!isLoopback(nameOf(host ?? ''))) {
      return c.text(MISDIRECTED, 421);
    }
    if (isForeign(c.req.header()) && !(SAFE.has(c.req.method) && isVisit(c.req.header())))
      return c.text(FOREIGN, 403);
    return next();
  };
}

function tokenOf(authorization: string): string | null {
  const [, scheme, value] = /^(bearer|basic) +(\S+) *$/i.exec(authorization) ?? [];
  if (scheme === undefined || value === undefined) return null;
  if (scheme.toLowerCase() === 'bearer') return value;
  // Whatever the user is called: USER:PASSWORD.
  const pair = Buffer.from(value, 'base64').toString();
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : null;
}

/** Browsers say where a request comes from, one way or the other; programs say nothing. */
function isForeign(headers: Record<string, string>): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin, host } = headers;
  return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host);
}

/** A person who followed a link, as against what another's page loads or frames by itself. */
function isVisit(headers: Record<string, string>): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = headers;
  return mode === 'navigate' && dest === 'document';
}

const nameOf = (host: string): string => host.replace(/:\d+$/, '');
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const SAFE = new Set(['GET', 'HEAD']);
const UNAUTHORIZED = 'This needs the HTTP_TOKEN of the daemon: as a bearer token, or as the password.\n';
const MISDIRECTED =
  'This server answers to localhost only: set HTTP_TOKEN and restart the daemon to reach it under another name.\n';
const FOREIGN = 'A page of another origin may load and change nothing here.\n';
