import { type Dispatcher, Pool } from 'undici';
import { linkedTo } from './abort.js';
import { ApiError, type ApiErrorKind } from './errors.js';
import type { HttpLimits } from './limits.js';

export interface DoorRequest {
  /** For messages: `invoiced GET /tasks/5`. */
  readonly label: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base URL, with the query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** From beginning to end, in milliseconds. */
  readonly totalMs: number;
}

export interface DoorAnswer {
  readonly status: number;
  /** One header's value, by its name in lower case; null when it is not there. */
  header(name: string): string | null;
  readonly text: string;
}

/** The one place that opens HTTP. Keeps connections alive; follows no redirect; gives up on time and on too large answers. */
export interface Door {
  /** Sends once. Throws ApiError (`network`, `timeout`, `unreadable`), or the signal's reason when it aborts. */
  send(request: DoorRequest, signal: AbortSignal): Promise<DoorAnswer>;
  close(): Promise<void>;
}

export function openDoor(
  baseUrl: string,
  connections: number,
  limits: HttpLimits,
  intercept?: Dispatcher.DispatcherComposeInterceptor,
): Door {
  const url = new URL(baseUrl);
  const prefix = url.pathname.replace(/\/+$/, '');
  const pool = new Pool(url.origin, {
    connections,
    connect: { timeout: limits.connectMs },
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
  });
  const way = intercept ? pool.compose(intercept) : pool;

  async function send(request: DoorRequest, signal: AbortSignal): Promise<DoorAnswer> {
    // Sockets live in real time, whatever clock the caller was given.
    const deadline = AbortSignal.timeout(request.totalMs);
    const linked = linkedTo(signal, deadline);
    let status: number | null = null;
    try {
      const { method, headers, body } = request;
      const path = prefix + request.target;
      const answer = await way.request({ path, method, headers, body, signal: linked.signal });
      status = answer.statusCode;
      const text = await read(answer.body, limits.maxBytes);
      return { status, header: (name) => first(answer.headers[name]), text };
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      const fault = deadline.aborted ? timeout : faultOf(cause, status);
      throw new ApiError({ ...fault, request: request.label, status }, { cause });
    } finally {
      linked.unlink();
    }
  }

  return { send, close: () => pool.destroy() };
}

class TooLargeError extends Error {}

async function read(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new TooLargeError(`larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

interface Fault {
  readonly kind: ApiErrorKind;
  readonly detail?: string;
  readonly definite?: boolean;
}

/** No connection came about, so nothing was sent. */
const UNCONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

const timeout: Fault = { kind: 'timeout' };

/** What broke: before an answer began it is the network, after that it is the answer. */
function faultOf(error: unknown, status: number | null): Fault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return { ...timeout, detail: 'no connection', definite: true };
  if (/_TIMEOUT$|^ETIMEDOUT$/.test(code)) return timeout;
  if (error instanceof TooLargeError) return { kind: 'unreadable', detail: error.message };
  if (status === null) return { kind: 'network', detail: code, definite: UNCONNECTED.has(code) };
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return { kind: 'unreadable', detail: 'not UTF-8' };
  return { kind: 'unreadable', detail: 'the answer was cut' };
}

function first(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
