import type { SandboxRequest, SandboxResponse } from './api.js';
import { type Envelope, isRow, type Row } from './envelope.js';
import type { Fault } from './fault.js';

/** The request as the API takes it under these faults: what it drops, cuts or rounds of the task, and the page it hears. */
export function alterRequest(
  request: SandboxRequest,
  faults: readonly Fault[],
  envelope: Envelope,
): SandboxRequest {
  let altered = request;
  for (const fault of faults) {
    if (fault.kind === 'repeat-page') altered = { ...altered, query: withPage(altered.query, 1) };
    else if (isSentFault(fault)) altered = { ...altered, body: alterBody(altered.body, fault, envelope) };
  }
  return altered;
}

/** The answer as the client gets it under these faults. */
export function alterResponse(
  response: SandboxResponse,
  request: SandboxRequest,
  faults: readonly Fault[],
  envelope: Envelope,
): SandboxResponse {
  const fitting = faults.filter((fault) => answerKinds.has(fault.kind));
  if (fitting.length === 0 || response.status >= 400 || response.body === undefined) return response;
  // A copy, since an answer may show the API's own objects.
  let altered: SandboxResponse = { ...response, body: structuredClone(parsed(response.body)) };
  for (const fault of fitting) altered = alterAnswer(altered, request, fault, envelope);
  return altered;
}

type SentFault = Extract<Fault, { kind: 'keep-old' | 'cut-text' | 'round' }>;

const sentKinds = new Set<string>(['keep-old', 'cut-text', 'round']);
const answerKinds = new Set<string>([
  'omit-keys',
  'add-keys',
  'empty-list',
  'repeat-page',
  'duplicate-row',
  'drop-rows',
  'extra-rows',
]);

function isSentFault(fault: Fault): fault is SentFault {
  return sentKinds.has(fault.kind);
}

function alterBody(text: string, fault: SentFault, envelope: Envelope): string {
  const body = parsed(text);
  const task = envelope.sent(body);
  if (!task) return text;
  for (const key of fault.kind === 'keep-old' ? (fault.keys ?? Object.keys(task)) : fault.keys) {
    if (fault.kind === 'keep-old') change(task, key, () => undefined);
    else if (fault.kind === 'cut-text') change(task, key, (value) => cutText(value, fault.length));
    else change(task, key, (value) => round(value, fault.digits));
  }
  return JSON.stringify(body);
}

function alterAnswer(
  response: SandboxResponse,
  request: SandboxRequest,
  fault: Fault,
  envelope: Envelope,
): SandboxResponse {
  const rows = envelope.answered(response.body);
  const list = envelope.list(response.body);
  switch (fault.kind) {
    case 'omit-keys':
      for (const row of rows) for (const key of fault.keys) change(row, key, () => undefined);
      return response;
    case 'add-keys':
      for (const row of rows) Object.assign(row, fault.keys);
      return response;
    case 'empty-list':
      list?.splice(0);
      return list ? envelope.claimEmpty(response) : response;
    case 'repeat-page':
      return list ? envelope.claimPage(response, Number(request.query.get('page')) || 1) : response;
    case 'duplicate-row':
      list?.push(...list.slice(-1));
      return response;
    case 'drop-rows':
      list?.splice(0, fault.count ?? 1);
      return response;
    case 'extra-rows':
      return list ? withExtraRows(response, list, fault.rows ?? [], fault.json ?? []) : response;
    default:
      return response;
  }
}

/** Changes the value at a dotted path, if the path leads anywhere; `undefined` takes the key away. */
function change(row: Row, path: string, to: (value: unknown) => unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const holder = keys.reduce<unknown>((value, key) => (isRow(value) ? value[key] : undefined), row);
  if (!isRow(holder) || !Object.hasOwn(holder, last)) return;
  const changed = to(holder[last]);
  if (changed === undefined) delete holder[last];
  else holder[last] = changed;
}

function cutText(value: unknown, length: number): unknown {
  return typeof value === 'string' ? value.slice(0, length) : value;
}

function round(value: unknown, digits: number): unknown {
  if (typeof value === 'number') return Number(value.toFixed(digits));
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
    ? Number(value).toFixed(digits)
    : value;
}

/** JSON texts are put in place of marks after the rest was written. */
function withExtraRows(
  response: SandboxResponse,
  list: unknown[],
  rows: readonly unknown[],
  texts: readonly string[],
): SandboxResponse {
  list.push(...rows, ...texts.map((_, index) => `\u0001raw ${index}\u0001`));
  if (texts.length === 0) return response;
  const written = JSON.stringify(response.body);
  const body = written.replace(/"\\u0001raw (\d+)\\u0001"/g, (_, index) => texts[Number(index)] ?? 'null');
  return { ...response, body, headers: { 'Content-Type': 'application/json', ...response.headers } };
}

function withPage(query: URLSearchParams, page: number): URLSearchParams {
  const changed = new URLSearchParams(query);
  if (changed.has('page')) changed.set('page', String(page));
  return changed;
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
