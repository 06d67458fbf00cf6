import type { IncomingMessage } from 'node:http';
import type { SandboxRequest } from './api.js';
import { type Envelope, isRow } from './envelope.js';

const bodyLimit = 16 * 1024 * 1024;

/** Reads a request whole. Rejects when the client goes before its end, or sends more than 16 MiB. */
export async function readRequest(incoming: IncomingMessage): Promise<SandboxRequest> {
  // Not with URL, which takes what follows `//` for a host.
  const [path = '', ...query] = (incoming.url ?? '/').split('?');
  return {
    method: incoming.method ?? 'GET',
    path: decoded(path),
    query: new URLSearchParams(query.join('?')),
    headers: incoming.headers,
    body: await readBody(incoming),
  };
}

/** The keys of the task that was sent; of the body, where there is no task. */
export function sentKeys(request: SandboxRequest, envelope: Envelope): readonly string[] {
  if (request.body === '') return [];
  try {
    const body: unknown = JSON.parse(request.body);
    return Object.keys(envelope.sent(body) ?? (isRow(body) ? body : {}));
  } catch {
    return request.body.includes('=') ? [...new URLSearchParams(request.body).keys()] : [];
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming) {
    size += part.length;
    if (size > bodyLimit) throw new RangeError('The request has more than 16 MiB.');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
