import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Runtime } from '../runtime.js';
import { alterRequest, alterResponse } from './alter.js';
import { proxyPage, send, sendCut, write } from './answer.js';
import type { SandboxApi, SandboxRequest, SandboxResponse } from './api.js';
import { type Envelope, envelopes } from './envelope.js';
import type { EndingFault, Fault, FaultPhase } from './fault.js';
import { type FaultBoard, isEnding } from './faults.js';
import { readRequest, sentKeys } from './incoming.js';
import type { WritableLog } from './request-log.js';
import type { Serve } from './server.js';

export interface ListenerParts {
  readonly api: SandboxApi;
  readonly faults: FaultBoard;
  readonly log: WritableLog;
  /** The sandbox's clock, in milliseconds. */
  readonly now: () => number;
  /** Milliseconds that every request takes at least. */
  readonly latency: () => number;
  readonly runtime: Pick<Runtime, 'sleep'>;
}

/**
 * One request through one API: logged on arrival, turned away or delayed or broken as faults say, else answered. Like a real
 * server it does the work though the client has gone meanwhile.
 */
export function serveApi(parts: ListenerParts): Serve {
  const { api, faults, log, now } = parts;
  const envelope = envelopes[api.name];
  let inFlight = 0;

  return async (incoming, outgoing, signal) => {
    const request = await readRequest(incoming);
    const route = api.routeOf(request);
    inFlight += 1;
    try {
      const struck = faults.strike(api.name, route);
      const entry = log.begin({
        api: api.name,
        at: now(),
        route,
        inFlight,
        ...described(request, incoming, envelope),
      });
      entry.faults = struck.map((fault) => fault.kind);
      const turnedAway = api.admit?.(request, inFlight);
      const answer = () => turnedAway ?? api.handle(alterRequest(request, struck, envelope));
      const settled = (status: number) => {
        entry.status = status;
      };
      await deal({ ...parts, envelope, incoming, outgoing, request, struck, signal, settled }, answer);
    } finally {
      inFlight -= 1;
    }
  };
}

interface Exchange extends ListenerParts {
  readonly envelope: Envelope;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly request: SandboxRequest;
  readonly struck: readonly Fault[];
  readonly signal: AbortSignal;
  /** Told of the status before it is sent: whoever has the answer finds it in the log. */
  readonly settled: (status: number) => void;
}

async function deal(exchange: Exchange, answer: () => SandboxResponse): Promise<void> {
  const { struck, request, envelope } = exchange;
  await pause(exchange, 'before', exchange.latency());
  const ending = struck.find(isEnding);
  if (ending && (ending.when ?? 'before') === 'before') return await end(exchange, ending, undefined);
  const response = alterResponse(answer(), request, struck, envelope);
  await pause(exchange, 'after', 0);
  if (ending) return await end(exchange, ending, response);
  finish(exchange, response);
}

function finish({ outgoing, now, settled }: Exchange, response: SandboxResponse): void {
  settled(response.status);
  send(outgoing, write(response, now()));
}

async function pause({ struck, runtime, signal }: Exchange, phase: FaultPhase, least: number): Promise<void> {
  let milliseconds = least;
  for (const fault of struck) {
    if (fault.kind === 'slow' && (fault.when ?? 'before') === phase) milliseconds += fault.milliseconds;
  }
  if (milliseconds > 0) await runtime.sleep(milliseconds, signal);
}

/** Breaks the exchange as the fault says. `response` is the answer that is lost, if the work was done. */
async function end(
  exchange: Exchange,
  fault: EndingFault,
  response: SandboxResponse | undefined,
): Promise<void> {
  const { outgoing, incoming, now, settled, signal } = exchange;
  switch (fault.kind) {
    case 'hang':
      if (!outgoing.destroyed) await once(outgoing, 'close', { signal });
      return;
    case 'reset':
      incoming.socket.resetAndDestroy();
      return;
    case 'cut': {
      const written = write(response ?? { status: 200, body: cutAnswer }, now());
      settled(written.status);
      return sendCut(outgoing, written, fault.abrupt ?? false);
    }
    case 'html': {
      const headers = { 'Content-Type': 'text/html', ...fault.headers };
      return finish(exchange, { status: fault.status, headers, body: proxyPage(fault.status) });
    }
    case 'redirect':
      return finish(exchange, { status: fault.status ?? 302, headers: { Location: fault.location } });
    case 'status':
      return finish(exchange, failure(exchange, fault, response === undefined));
  }
}

/** What is cut when no work was done: any JSON does. */
const cutAnswer = { message: 'This answer is cut in the middle.', response: { result: {} } };

function failure(
  { api, request, envelope }: Exchange,
  fault: Extract<EndingFault, { kind: 'status' }>,
  undone: boolean,
): SandboxResponse {
  const { status, headers = {} } = fault;
  const body = fault.body ?? api.failure?.(status, request) ?? envelope.failure(status);
  const response = { status, headers, body };
  if (undone) api.failed?.(request, response);
  return response;
}

function described(request: SandboxRequest, incoming: IncomingMessage, envelope: Envelope) {
  const key = request.headers['idempotency-key'];
  return {
    method: request.method,
    path: request.path,
    query: incoming.url?.split('?').slice(1).join('?') ?? '',
    idempotencyKey: typeof key === 'string' ? key : null,
    body: request.body,
    keys: sentKeys(request, envelope),
  };
}
