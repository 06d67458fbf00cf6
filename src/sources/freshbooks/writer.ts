import type { HttpOutcome } from '../http/http.js';
import type { HttpRequest } from '../http/request.js';
import { sendWrite, writtenTask } from '../send-write.js';
import type { JsonObject } from '../source.js';
import { changedMembers, createdMembers } from '../write-calls.js';
import type { SourceWriter, WriteCall } from '../writer.js';
import { fields } from './fields.js';
import { taskOf } from './listing.js';

interface Parts {
  /** The account's tasks. */
  readonly path: string;
  readonly startWithinMs: number | undefined;
  ask(request: HttpRequest, signal: AbortSignal): Promise<HttpOutcome>;
}

/**
 * POST makes, PUT does the rest, data and visibility apart: beside `vis_state` everything else in a body is thrown away without
 * a word. There are no idempotency keys.
 */
export function freshbooksWriter({ path, ask, startWithinMs }: Parts): SourceWriter {
  const put = (id: number, sent: JsonObject): WriteCall => {
    return { method: 'PUT', path: `${path}/${id}`, sent, idempotencyKey: null };
  };
  return {
    create: (columns) => {
      return { method: 'POST', path, sent: createdMembers(fields, columns), idempotencyKey: null };
    },
    next: (id, columns, pending) => {
      const state = columns['vis_state'] ?? 0;
      const data = changedMembers(fields, columns, pending);
      if (!pending.includes('vis_state')) return data && state !== 1 ? put(id, data) : null;
      return put(id, data && state !== 0 ? data : { vis_state: state });
    },
    send: async (call, signal, savingMs = 0) => {
      const json = call.sent && { task: call.sent };
      const outcome = await sendWrite(ask, call, json, { startWithinMs, savingMs }, signal);
      return writtenTask(call, outcome, taskOf);
    },
  };
}
