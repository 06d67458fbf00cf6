import { ApiError } from './http/errors.js';
import type { HttpOutcome } from './http/http.js';
import type { Decoded, Json, SingleAnswer } from './source.js';

interface SingleReader {
  ask(id: number): Promise<HttpOutcome>;
  /** Reads the task out of a success; null where the body is not shaped like one. */
  taskOf(json: Json): Decoded | null;
  /** Whether this refusal says beyond doubt that there is no such task: it speaks of this very id. */
  isProof(refusal: ApiError): boolean;
  /** A few tasks that the account lists. */
  others(): Promise<readonly Decoded[]>;
}

/**
 * Reads one task. Not found counts as gone only where the API plainly speaks of the id, or while it answers for another one:
 * a wrong account or a lost permission looks the same. Throws ApiError otherwise.
 */
export async function readSingle(id: number, reader: SingleReader): Promise<SingleAnswer> {
  const outcome = await reader.ask(id);
  const { refusal, requestedAt, serverTime } = outcome;
  const answeredAt = await outcome.arrival();
  const seen = { requestedAt, answeredAt, serverTime };
  if (refusal === null) return { ...seen, answer: taskOf(reader, outcome, id) };
  const proven =
    reader.isProof(refusal) || (refusal.kind === 'not-found' && (await answersForAnother(id, reader)));
  if (!proven) throw refusal;
  return { ...seen, answer: 'gone' };
}

async function answersForAnother(id: number, reader: SingleReader): Promise<boolean> {
  for (const other of await reader.others()) {
    if (!other.ok || other.task.id === id) continue;
    const outcome = await reader.ask(other.task.id);
    return outcome.refusal === null && taskOf(reader, outcome, other.task.id).ok;
  }
  return false;
}

function taskOf(reader: SingleReader, outcome: HttpOutcome, id: number): Decoded {
  const decoded = reader.taskOf(outcome.json);
  const given = decoded?.ok ? String(decoded.task.id) : decoded?.id;
  if (decoded && given === String(id)) return decoded;
  const request = `task ${id}`;
  throw new ApiError({
    kind: 'unreadable',
    request,
    status: outcome.status,
    detail: 'the answer is not this task',
  });
}
