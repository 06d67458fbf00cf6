import { TaskmirrorError } from '../errors.js';
import { invalid } from './settings.js';

/**
 * An API's base URL, without a slash at its end. Plain http would send keys and tokens readable over the network, so
 * it must be https, unless the host is loopback or a single label (a compose service).
 */
export function parseBaseUrl(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  // What stands before an @ is a password: the value is not repeated.
  if (url && (url.username || url.password)) {
    throw new TaskmirrorError('configuration', `${name} holds a user or password: leave them out.`);
  }
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    return invalid(name, value, 'use an address such as https://api.example.com');
  }
  if (url.search || url.hash) return invalid(name, value, 'leave out what follows ? or #');
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !isSingleLabel(url.hostname)) {
    return invalid(name, value, 'use https, or http on this machine only');
  }
  return url.href.replace(/\/+$/, '');
}

/** Whether only this machine can reach it. Takes `::1` and `[::1]`. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name)
  );
}

function isSingleLabel(host: string): boolean {
  return /^[a-z0-9_-]+$/i.test(host) && !/^\d+$/.test(host);
}
