import type { SandboxRequest, SandboxResponse, SandboxWorld } from '../api.js';
import type { InvoicedOptions } from './options.js';
import { Refusal } from './refusal.js';

/** Answers kept under their idempotency key, errors included, without a look at whether the request is the same. */
export interface IdempotencyKeys {
  /** The kept answer. Throws where a key is not allowed or malformed. */
  kept(request: SandboxRequest): SandboxResponse | undefined;
  /** Keeps the first answer under the request's key. */
  keep(request: SandboxRequest, response: SandboxResponse): void;
  snapshot(): readonly KeptAnswer[];
  restore(answers: readonly KeptAnswer[]): void;
}

export type KeptAnswer = readonly [key: string, at: number, response: SandboxResponse];

const life = 24 * 3_600_000;

export function createIdempotencyKeys(world: SandboxWorld, options: InvoicedOptions): IdempotencyKeys {
  const answers = new Map<string, KeptAnswer>();
  const alive = (key: string) => {
    const answer = answers.get(key);
    if (answer && world.now() - answer[1] < life) return answer[2];
    answers.delete(key);
    return undefined;
  };
  return {
    kept(request) {
      const key = request.headers['idempotency-key'];
      if (options.idempotency === 'ignored' || typeof key !== 'string') return undefined;
      if (request.method === 'GET' || request.method === 'DELETE') {
        throw new Refusal(400, `Idempotency keys are not allowed on ${request.method} requests`);
      }
      if (key.length < 6 || key.length > 64) {
        throw new Refusal(400, 'The idempotency key must have between 6 and 64 characters');
      }
      return alive(key);
    },
    keep(request, response) {
      const key = request.headers['idempotency-key'];
      if (options.idempotency === 'ignored' || typeof key !== 'string' || alive(key)) return;
      if (response.status >= 400 && options.idempotencyErrors === 'dropped') return;
      answers.set(key, [key, world.now(), response]);
    },
    snapshot: () => [...answers.values()],
    restore(stored) {
      answers.clear();
      for (const answer of stored) answers.set(answer[0], answer);
    },
  };
}
