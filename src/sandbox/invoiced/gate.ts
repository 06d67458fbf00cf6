import type { SandboxRequest, SandboxWorld } from '../api.js';
import type { InvoicedOptions } from './options.js';
import { Refusal } from './refusal.js';

/** Throws for whoever may not come in: wrong key, closed account, no permission, too many requests. */
export function createGate(
  world: SandboxWorld,
  options: InvoicedOptions,
): (request: SandboxRequest, inFlight: number) => void {
  let minute = { began: Number.NEGATIVE_INFINITY, requests: 0 };
  return (request, inFlight) => {
    if (userOf(request) !== options.apiKey)
      throw new Refusal(401, 'Could not authenticate: the API key is not valid.');
    if (options.account === 'closed') throw new Refusal(402, 'This account has been closed.');
    if (options.permission === 'none' || (options.permission === 'read' && request.method !== 'GET')) {
      throw new Refusal(403, 'You do not have permission to do that.');
    }
    if (inFlight > options.maxInFlight) {
      throw new Refusal(
        429,
        `Too many concurrent requests! At most ${options.maxInFlight} may be in flight.`,
      );
    }
    const now = world.now();
    if (now - minute.began >= 60_000 || now < minute.began) minute = { began: now, requests: 0 };
    minute.requests += 1;
    if (options.perMinute !== null && minute.requests > options.perMinute) {
      throw new Refusal(429, 'Too many requests.');
    }
  };
}

/** The user name of HTTP Basic; the password is not looked at. */
export function userOf({ headers }: SandboxRequest): string | undefined {
  const encoded = /^Basic (.+)$/i.exec(headers.authorization ?? '')?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8').split(':')[0];
}
