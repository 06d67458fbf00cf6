import type { HttpOutcome } from '../http/http.js';
import type { HttpRequest } from '../http/request.js';
import { idIn, notWhatWasAsked, sendWrite, writtenTask } from '../send-write.js';
import type { Decoded, Json, SingleAnswer } from '../source.js';
import { changedMembers, createdMembers } from '../write-calls.js';
import type { SourceWriter, WriteCall, Written } from '../writer.js';
import { fields } from './fields.js';

interface Parts {
  readonly startWithinMs: number | undefined;
  ask(request: HttpRequest, signal: AbortSignal): Promise<HttpOutcome>;
  read(id: number, signal: AbortSignal): Promise<SingleAnswer>;
  taskOf(json: Json): Decoded;
}

/** POST makes, PATCH changes the keys that it names, DELETE is for good. A deleted task is restored by making it anew. */
export function invoicedWriter({ ask, read, taskOf, startWithinMs }: Parts): SourceWriter {
  return {
    create: (columns, idempotencyKey) => ({
      method: 'POST',
      path: '/tasks',
      sent: createdMembers(fields, columns),
      idempotencyKey,
    }),
    next: (id, columns, pending) => {
      const path = `/tasks/${id}`;
      if (columns['vis_state'] === 1) {
        const dies = pending.includes('vis_state');
        return dies ? { method: 'DELETE', path, sent: null, idempotencyKey: null } : null;
      }
      const sent = changedMembers(fields, columns, pending);
      return sent && { method: 'PATCH', path, sent, idempotencyKey: null };
    },
    send: async (call, signal, savingMs = 0) => {
      const outcome = await sendWrite(ask, call, call.sent, { startWithinMs, savingMs }, signal);
      return call.method === 'DELETE' ? deleted(call, outcome, signal) : writtenTask(call, outcome, taskOf);
    },
  };

  /** Done is 204. Not found is as good, if it is true of this task alone: a wrong base URL finds nothing either. */
  async function deleted(call: WriteCall, outcome: HttpOutcome, signal: AbortSignal): Promise<Written> {
    const { requestedAt, serverTime, refusal, status } = outcome;
    if (refusal === null && status === 204) {
      const answeredAt = await outcome.arrival();
      return { requestedAt, answeredAt, serverTime, answer: 'gone', status };
    }
    if (refusal !== null && refusal.kind !== 'not-found') throw refusal;
    const seen = await read(Number(idIn(call)), signal);
    if (seen.answer === 'gone') return { ...seen, status };
    throw refusal ?? notWhatWasAsked(call, status, 'the task is still there');
  }
}
