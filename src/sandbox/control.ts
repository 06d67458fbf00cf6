import type { IncomingMessage } from 'node:http';
import { send, write } from './answer.js';
import type { SandboxRequest, SandboxResponse } from './api.js';
import { isRow, type Row } from './envelope.js';
import type { FaultRule } from './fault.js';
import { readRequest } from './incoming.js';
import type { LogFilter, Sandbox } from './sandbox.js';
import type { Serve } from './server.js';

/**
 * The control surface, for tests and people in other processes. JSON in and out:
 *
 * - `GET /` what runs where
 * - `GET, POST, DELETE /faults[?id=N]` the rules of fault.ts
 * - `GET /log[?api&route&method&after]`, `DELETE /log`
 * - `GET /clock`, `POST /clock` with any of `{set, advance, frozen}`, in milliseconds
 * - `GET, POST /options/invoiced`, `…/freshbooks` the switches, changed one by one
 * - `POST /people/invoiced`, `…/freshbooks` with `{act, args}`: what people do, by the names in people.ts
 * - `POST /oauth/freshbooks` with `{act, args}`: consent, grant, revoke
 * - `POST /latency` with `{milliseconds}`; `GET, POST /snapshot`
 */
export function serveControl(sandbox: Sandbox): Serve {
  return async (incoming, outgoing) => {
    send(outgoing, write(await answer(sandbox, incoming), sandbox.clock.now()));
  };
}

async function answer(sandbox: Sandbox, incoming: IncomingMessage): Promise<SandboxResponse> {
  try {
    const request = await readRequest(incoming);
    const act = acts[`${request.method} ${request.path}`];
    if (!act)
      return { status: 404, body: { error: `The sandbox has no ${request.method} ${request.path}.` } };
    return { status: 200, body: act(sandbox, bodyOf(request), request.query) ?? {} };
  } catch (error) {
    return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

type Act = (sandbox: Sandbox, body: Row, query: URLSearchParams) => unknown;

const acts: Readonly<Record<string, Act>> = {
  'GET /': ({ invoiced, freshbooks, clock }) => {
    const { url, accountId, clientId, clientSecret, redirectUri, refreshToken } = freshbooks;
    return {
      invoiced: { url: invoiced.url, apiKey: invoiced.apiKey, tasks: invoiced.people.count() },
      freshbooks: {
        url,
        accountId,
        clientId,
        clientSecret,
        redirectUri,
        refreshToken,
        tasks: freshbooks.people.count(),
      },
      clock: clock.now(),
    };
  },
  'GET /faults': ({ faults }) => faults.list(),
  'POST /faults': ({ faults }, body) => ({ id: faults.add(ruleOf(body)) }),
  'DELETE /faults': ({ faults }, _, query) =>
    faults.clear(query.has('id') ? Number(query.get('id')) : undefined),
  'GET /log': ({ log }, _, query) => log.entries(filterOf(query)),
  'DELETE /log': ({ log }) => log.clear(),
  'GET /clock': ({ clock }) => ({ now: clock.now() }),
  'POST /clock': ({ clock }, { set, advance, frozen }) => {
    if (frozen === true) clock.freeze();
    if (frozen === false) clock.thaw();
    if (set !== undefined) clock.set(Number(set));
    if (advance !== undefined) clock.advance(Number(advance));
    return { now: clock.now() };
  },
  'GET /options/invoiced': ({ invoiced }) => invoiced.options,
  'GET /options/freshbooks': ({ freshbooks }) => freshbooks.options,
  'POST /options/invoiced': ({ invoiced }, body) => change(invoiced.options, body),
  'POST /options/freshbooks': ({ freshbooks }, body) => change(freshbooks.options, body),
  'POST /people/invoiced': ({ invoiced }, body) => perform(invoiced.people, body),
  'POST /people/freshbooks': ({ freshbooks }, body) => perform(freshbooks.people, body),
  'POST /oauth/freshbooks': ({ freshbooks }, body) => perform(freshbooks.oauth, body),
  'POST /latency': (sandbox, { milliseconds }) => sandbox.setLatency(Number(milliseconds)),
  'GET /snapshot': (sandbox) => sandbox.snapshot(),
  'POST /snapshot': (sandbox, body) => sandbox.restore(body),
};

/** Only JSON is taken: a page in somebody's browser can't send that to another origin. */
function bodyOf({ method, headers, body }: SandboxRequest): Row {
  if (method !== 'POST') return {};
  if (!(headers['content-type'] ?? '').includes('json'))
    throw new TypeError('Send JSON, with its Content-Type.');
  const parsed: unknown = JSON.parse(body);
  if (!isRow(parsed)) throw new TypeError('Send a JSON object.');
  return parsed;
}

function ruleOf(body: Row): FaultRule {
  const { api, route, fault } = body;
  if (
    typeof api !== 'string' ||
    typeof route !== 'string' ||
    !isRow(fault) ||
    typeof fault['kind'] !== 'string'
  ) {
    throw new TypeError('A fault rule needs api, route, and a fault with its kind.');
  }
  return body as unknown as FaultRule;
}

function filterOf(query: URLSearchParams): LogFilter {
  const api = query.get('api');
  const after = query.get('after');
  return {
    ...(api === 'invoiced' || api === 'freshbooks' ? { api } : {}),
    ...(query.has('route') ? { route: query.get('route') ?? '*' } : {}),
    ...(query.has('method') ? { method: query.get('method') ?? '' } : {}),
    ...(after === null ? {} : { after: Number(after) }),
  };
}

function change(options: object, changes: Row): object {
  for (const key of Object.keys(changes)) {
    if (!Object.hasOwn(options, key)) throw new RangeError(`There is no option ${key}.`);
  }
  return Object.assign(options, changes);
}

function perform(people: object, { act, args = [] }: Row): unknown {
  const known = new Map<string, unknown>(Object.entries(people));
  const does = known.get(String(act));
  if (typeof does !== 'function' || !Array.isArray(args)) {
    throw new RangeError(`People can't ${String(act)}. They can: ${[...known.keys()].join(', ')}.`);
  }
  const result: unknown = does(...args);
  const isWalk = typeof result === 'object' && result !== null && Symbol.iterator in result;
  return { result: isWalk ? [...(result as Iterable<unknown>)] : (result ?? null) };
}
