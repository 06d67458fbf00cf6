import type { EndingFault } from '../../src/sandbox/fault.js';
import type { Sandbox } from '../../src/sandbox/index.js';
import { ApiError } from '../../src/sources/http/errors.js';
import type { RemoteTask, SourceClient } from '../../src/sources/source.js';
import type { WriteCall } from '../../src/sources/writer.js';
import { never, taskIn } from './sandbox.js';

/** Sends a call whose answer is a task. */
export async function written(client: SourceClient, call: WriteCall | null): Promise<RemoteTask> {
  const { answer } = await client.writer.send(something(call), never);
  if (answer === 'gone') throw new Error('expected a task, which is gone');
  return taskIn(answer);
}

export async function failureOf(client: SourceClient, call: WriteCall | null): Promise<ApiError> {
  const error = await client.writer.send(something(call), never).then(
    () => 'no failure',
    (reason: unknown) => reason,
  );
  if (error instanceof ApiError) return error;
  throw new Error('expected an ApiError', { cause: error });
}

export function something(call: WriteCall | null): WriteCall {
  if (call === null) throw new Error('expected something to send');
  return call;
}

/** The writes that arrived: method and body. */
export function writesIn(sandbox: Sandbox): readonly (readonly [string, unknown])[] {
  return sandbox.log
    .entries({ route: 'tasks.*' })
    .filter(({ method }) => method !== 'GET')
    .map(({ method, body }) => [method, body === '' ? null : JSON.parse(body)] as const);
}

/** What leaves the outcome of a write unknown, before the work as well as after it. */
export const unknownFaults: readonly (readonly [string, EndingFault])[] = (
  ['before', 'after'] as const
).flatMap((when) =>
  (
    [
      ['an error 500', { kind: 'status', status: 500, when }],
      ['an error 503', { kind: 'status', status: 503, when }],
      ['a proxy’s page', { kind: 'html', status: 502, when }],
      ['a proxy’s page that says 404', { kind: 'html', status: 404, when }],
      ['a proxy’s page that says 200', { kind: 'html', status: 200, when }],
      ['a redirect', { kind: 'redirect', location: 'http://127.0.0.1:9/', when }],
      ['a cut answer', { kind: 'cut', when }],
      ['an answer that breaks off', { kind: 'cut', abrupt: true, when }],
      ['an empty answer', { kind: 'status', status: 200, body: '', when }],
      ['another answer', { kind: 'status', status: 200, body: { response: { result: {} } }, when }],
      ['a reset', { kind: 'reset', when }],
      ['silence', { kind: 'hang', when }],
    ] satisfies [string, EndingFault][]
  ).map(([name, fault]) => [`${name} ${when} the work`, fault] as const),
);
